/**
 * Evertoken for the App Router of Next.js.
 *
 * @module
 */
export { next, type NextAuth, type NextFunctions, type ReadOnlySession } from './surface/next.ts'
