/**
 * Financial-grade security for open banking and other APIs with sensitive data, for the option `profile`.
 *
 * @module
 */
export type { SecurityProfile } from './ports/security-profile.ts'
export type { SigningAlgorithm, SigningKey, SigningKeySource } from './ports/signing-key.ts'
export { fapi2, type Fapi2Options } from './surface/fapi2.ts'
