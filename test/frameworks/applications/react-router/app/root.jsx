import { Outlet } from 'react-router'
import { auth } from '../auth.mjs'

export const middleware = [({ request }, next) => auth.handle(request, () => next())]

export default function App() {
  return (
    <html lang="en">
      <body>
        <Outlet />
      </body>
    </html>
  )
}
