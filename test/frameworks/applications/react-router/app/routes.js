import { route } from '@react-router/dev/routes'

export default [
  route('auth/*', 'routes/auth.js'),
  ...['orders', 'stream', 'gzip', 'upload'].map((path) => route(path, `routes/${path}.js`)),
]
