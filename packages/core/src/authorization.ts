/**
 * Ways to send the authorization request and its response, for the options `authorizationRequest` and `responseMode`.
 *
 * @module
 */
export { jar } from './mechanisms/protocol/jar.ts'
export { jarm, type JarmOptions } from './mechanisms/protocol/jarm.ts'
export { par } from './mechanisms/protocol/par.ts'
export type { AuthorizationRequestMode, ResponseMode } from './ports/authorization-mode.ts'
export type { SigningAlgorithm, SigningKey, SigningKeySource } from './ports/signing-key.ts'
