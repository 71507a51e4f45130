export { proxy } from './functions.mjs'
// The other routes show that route handlers work without a proxy.
export const config = { matcher: ['/page', '/auth/login', '/auth/callback'] }
