import { keepAliveUntilDone } from '../mechanisms/runtime/background-work.ts'
import { endUserSessions, findUserSessions } from '../mechanisms/sessions/user-sessions.ts'
import { ConfigurationError } from '../vocabulary/index.ts'
import {
  type Check,
  type Checked,
  checkAll,
  flag,
  invalid,
  type OptionTable,
  REQUIRED,
  text,
} from './checks.ts'
import type { SessionEngine } from './engine.ts'
import { splitNamedId } from '../rules/sessions/session-id.ts'
import { createSessionInfo, type SessionInfo } from './session-info.ts'
import { sourcesOfRegistration } from './application-sources.ts'

/** An application with sessions: the result of `evertoken()`, and on Workers that of `bind(env, ctx)`. */
export type SessionsApplication = Pick<SessionEngine<object>, 'session'>

/** The user whose sessions are meant. */
export interface SessionsOf {
  /** The `sub` of the user, as in the claims of their sessions. */
  readonly sub: string
  /**
   * The name of the registration that the user has signed in with, if the application has several: a name of `signInChoices()` or
   * `tenants()`. Users of different registrations can have the same `sub`.
   *
   * @default the registration in `id` or `except`, or that of the request that is handled
   */
  readonly registration?: string
}

/** Which sessions of a user end. */
export interface EndSessionsOptions extends SessionsOf {
  /**
   * The `id` of the only session that ends. A session of another user does not end.
   *
   * @default all sessions of the user
   */
  readonly id?: string
  /** The `id` of a session that stays, such as the one of the current request. Not allowed together with `id`. */
  readonly except?: string
  /**
   * Whether the tokens of the sessions are revoked. Set it to `false` if a revocation at the authorization server ends all grants of
   * the user, also that of `except`.
   *
   * @default as `revokeOnLogout` selects
   */
  readonly revoke?: boolean
}

const SUB: readonly [Check, never] = [text, REQUIRED]
const LIST_OPTIONS: OptionTable<Checked<SessionsOf, 'registration'>> = { sub: SUB, registration: [text] }
type EndOptions = Checked<EndSessionsOptions, 'id' | 'except' | 'revoke' | 'registration'>
const END_OPTIONS: OptionTable<EndOptions> = {
  ...LIST_OPTIONS,
  id: [text],
  except: [text],
  revoke: [flag],
}

/**
 * Lists the sessions of a user, for example for a page that shows where the user is signed in. Needs the option
 * `indexSessions`.
 *
 * The list has facts and no tokens. Pass the `id` of an entry to `endSessions`. A session that began before the option was
 * set is missing until its next refresh or extension.
 *
 * @param auth - The result of `evertoken()`. On Workers, `auth.bind(env, ctx)`.
 * @param options - The user.
 * @returns The sessions that are not over, the most recently used first.
 * @throws {ConfigurationError} If an option is invalid, the application does not index its sessions, or it has several
 *   registrations and the call is for none.
 * @throws {RequestRefusedError} If there is no registration with the name.
 * @throws {OperatorError} If the session store fails.
 * @example
 *   const { sub = '' } = (await auth.getUser()) ?? {}
 *   for (const { id, startedAt, lastUsedAt } of await listSessions(auth, { sub })) console.log(id, startedAt, lastUsedAt)
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#IDToken OpenID Connect Core, section 2: `sub`}
 */
export async function listSessions(
  auth: SessionsApplication,
  options: SessionsOf,
): Promise<readonly SessionInfo[]> {
  const { sub, registration } = checkAll<Checked<SessionsOf, 'registration'>>(LIST_OPTIONS, options)
  const { userSessions } = await partsOf(auth, registration)
  const records = await findUserSessions(sub, userSessions)
  return records
    .map((record) => createSessionInfo(record, userSessions))
    .toSorted((a, b) => b.lastUsedAt - a.lastUsedAt)
}

/**
 * Ends sessions of a user: one, all, or all except one. Needs the option `indexSessions`.
 *
 * Tokens are revoked in the background, as at a sign-out. A refresh in progress does not bring a session back, and its new
 * tokens are revoked. The browser keeps its cookie, which no longer works. Each session emits `session_ended`.
 *
 * If a session cannot be ended, the others still end. Evertoken emits `sign_out_incomplete` for it, with `retrying` if it
 * tries again in the background.
 *
 * @param auth - The result of `evertoken()`. On Workers, `auth.bind(env, ctx)`.
 * @param options - The user, and which of their sessions end.
 * @returns The number of sessions that have ended.
 * @throws {ConfigurationError} If an option is invalid, the application does not index its sessions, or it has several
 *   registrations and the call is for none.
 * @throws {RequestRefusedError} If there is no registration with the name.
 * @throws {OperatorError} If the session store has not confirmed the end of all of them. Calling again completes it.
 * @example
 *   const { id = '', claims } = (await auth.getSession()) ?? {}
 *   await endSessions(auth, { sub: claims?.sub ?? '', except: id }) // sign out everywhere else
 * @see {@link https://www.rfc-editor.org/rfc/rfc7009#section-2 RFC 7009, section 2: Token Revocation}
 */
export async function endSessions(auth: SessionsApplication, options: EndSessionsOptions): Promise<number> {
  const { sub, id, except, revoke, registration } = checkAll<EndOptions>(END_OPTIONS, options)
  if (id !== undefined && except !== undefined) throw invalid('except', 'must be omitted with `id`')
  const { userSessions, keepAlive } = await partsOf(auth, registration, id ?? except)
  const { registrationName, ending } = userSessions
  // With `true`, `'all'` of `revokeOnLogout` still applies.
  const revoked = revoke === undefined ? ending.revoke : revoke && (ending.revoke || true)
  const context = { ...userSessions, ending: { ...ending, revoke: revoked } }
  const choice = { id: keyOf(id, registrationName), except: keyOf(except, registrationName) }
  return keepAliveUntilDone(endUserSessions(sub, choice, context, keepAlive), keepAlive)
}

/** Returns the key of a session. If there are several registrations, its ID names the registration too. */
function keyOf(id: string | undefined, registrationName: string | undefined): string | undefined {
  const named = registrationName === undefined ? undefined : splitNamedId(id)
  return named?.name === registrationName ? (named?.key ?? id) : id
}

async function partsOf(auth: SessionsApplication, registration: string | undefined, id?: string) {
  const ofId = splitNamedId(id)?.name
  const { userSessions, keepAlive } =
    (await sourcesOfRegistration(Object(auth) as object, registration, ofId)) ?? {}
  if (userSessions && keepAlive) return { userSessions, keepAlive }
  const message =
    'Cannot find the sessions of a user. Set `indexSessions: true`, and pass the result of `evertoken()`, or on Workers ' +
    'that of `auth.bind(env, ctx)`.'
  throw new ConfigurationError('invalid_option', message)
}
