/**
 * Access tokens that only the owner of a key can use (RFC 9449), for the option `senderConstraint`.
 *
 * @module
 */
export type { SenderConstraint } from './ports/token-binding.ts'
export { dpop, type DpopOptions } from './surface/dpop.ts'
