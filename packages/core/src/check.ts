/**
 * Checks the authorization server of an application, for example when the application starts.
 *
 * @module
 */
export { check, type CheckableApplication } from './surface/check.ts'
export type { Drainable, DrainOptions } from './surface/drain.ts'
export type { Finding } from './rules/protocol/server-findings.ts'
