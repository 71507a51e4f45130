/**
 * Lists and ends the sessions of a user from code, for example to sign a user out everywhere.
 *
 * @module
 */
export type { UserClaims } from './model/token-grant.ts'
export type { SessionInfo } from './surface/session-info.ts'
export {
  endSessions,
  type EndSessionsOptions,
  listSessions,
  type SessionsApplication,
  type SessionsOf,
} from './surface/sessions.ts'
