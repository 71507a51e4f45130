import { auth } from '../auth.mjs'

export const handle = ({ event, resolve }) => auth.handle(event.request, () => resolve(event))
