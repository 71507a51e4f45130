/**
 * Requests that differ from the standards, for `server.tokenRequest` and `server.revocation`. The presets of providers contain
 * theirs.
 *
 * @module
 */
export { customRevocation, customTokenRequest } from './surface/custom-requests.ts'
export type { CustomRevocation, RevocationProfile } from './ports/dialect.ts'
export type { CustomTokenRequest, TokenRequestProfile } from './rules/protocol/token-request-form.ts'
