export { default } from '../page/page.js'

// Without it, Next.js would not know that the page depends on the request.
export const dynamic = 'force-dynamic'
