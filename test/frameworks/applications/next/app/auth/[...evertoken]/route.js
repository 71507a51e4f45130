export { GET, POST } from '../../../functions.mjs'
