import { createCredential } from '../../mechanisms/calls/bearer-credential.ts'
import { redact } from '../../mechanisms/runtime/redact.ts'
import { fingerprint } from '../../mechanisms/runtime/digest.ts'
import type { AuthorizationServer, SignInGrant } from '../../ports/authorization-server.ts'
import type { StoredRefresh } from '../../ports/session-handle.ts'
import { swapUntilWon } from '../../mechanisms/sessions/swap-until-won.ts'
import { omitUndefined, pick } from '../../rules/members.ts'
import { copyClaims, withDecidedClaims } from '../../model/session-record.ts'
import type { TokenGrant, UserClaims } from '../../model/token-grant.ts'
import { latestRefresh, type TokenLedger } from '../../model/token-ledger.ts'
import { jsonBytes } from '../../model/stored-tokens.ts'
import { EvertokenError, type EventListener, RequestRefusedError } from '../../vocabulary/index.ts'
import type { TokenFetch } from '../calls/token-fetch.ts'
import { claimsAfterRefresh, type ClaimsAfterRefreshOptions, IDENTITY } from './claims-after-refresh.ts'
import { createSignInFetch } from './sign-in-fetch.ts'
import { finishSession, type FinishSessionOptions } from '../../mechanisms/sessions/end-session.ts'

/** The second argument of `onSignIn`. */
export type SignIn = {
  /** The name of the client registration. `undefined` if there is only one. */
  readonly registration?: string
  /** The scope that was granted, if the authorization server has named it. */
  readonly scope?: string
  /**
   * Calls an API with the access token of the sign-in. The token is sent only to the origin of the URL, which must be
   * absolute and on https.
   */
  readonly fetch: TokenFetch
} & (
  | {
      readonly reason: 'sign_in'
      /** Where the browser continues: a path of this application. */
      readonly returnTo: string
      /**
       * The further members of the token response, such as `instance_url`. Those of some servers contain more tokens, such as
       * `authed_user` of Slack, so do not log them.
       */
      readonly tokenResponse: Readonly<Record<string, unknown>>
      readonly current?: undefined
    }
  | {
      readonly reason: 'refresh'
      readonly returnTo?: undefined
      readonly tokenResponse?: undefined
      /** The claims that the session has now. */
      readonly current: UserClaims
    }
)

/**
 * Decides which claims a session keeps, and whether the user is accepted: at the sign-in, before there is a session, and
 * after each refresh.
 *
 * The session keeps the claims that it returns. `undefined` keeps the claims as they are. `false` refuses the user: the
 * sign-in fails, or the session ends. `iss`, `sub`, `sid` and `auth_time` always come from the ID token.
 *
 * @param claims - At a sign-in, the claims of the ID token and of UserInfo. After a refresh, those of the latest ID token. With
 *   `server.userInfo.afterRefresh` also those of UserInfo: if a refresh brings none, the hook is not called.
 */
export type OnSignIn = (
  claims: UserClaims,
  signIn: SignIn,
) => UserClaims | false | undefined | void | Promise<UserClaims | false | undefined | void>

export interface OnSignInOptions {
  readonly onSignIn: OnSignIn | undefined
  readonly server: Pick<AuthorizationServer, 'binding'>
  /** The hosts that can use plain http, in addition to loopback. */
  readonly insecureHosts: readonly string[]
  readonly emit: EventListener
  /** The name of the client registration, if there are several. */
  readonly registration?: string | undefined
}

/**
 * Asks the hook at a sign-in. Emits an event for an error of the hook. The error itself goes to the error handling of the
 * application.
 *
 * @throws {RequestRefusedError} If the hook refuses the user.
 */
export async function applyOnSignIn(
  grant: SignInGrant,
  returnTo: string,
  { onSignIn, server, insecureHosts, emit, registration }: OnSignInOptions,
): Promise<TokenGrant> {
  const { claims = {}, scope, tokenResponse, accessToken, proofKey } = grant
  try {
    const verdict = await onSignIn?.(
      { ...claims },
      {
        reason: 'sign_in',
        fetch: createSignInFetch(
          accessToken && createCredential(accessToken, proofKey, server.binding),
          insecureHosts,
        ),
        ...omitUndefined({ returnTo, tokenResponse, scope, registration }),
      },
    )
    if (verdict === false)
      throw new RequestRefusedError('sign_in_refused', 'Cannot sign in: the application refuses the user')
    return verdict ? { ...grant, claims: keptClaims(verdict, claims), claimsDecided: true } : grant
  } catch (error) {
    if (!(error instanceof EvertokenError))
      emit({ type: 'sign_in_failed', code: 'hook_failed', cause: redact(error) })
    throw error
  }
}

export interface AfterRefreshOptions extends OnSignInOptions, ClaimsAfterRefreshOptions {
  /** How a session ends whose user is refused. */
  readonly ending: FinishSessionOptions
}

/**
 * Brings the claims up to date after a refresh, whose tokens are stored already. If that fails, the session keeps the claims
 * that it has, and an event reports it.
 *
 * @returns The claims that the session has then. `undefined` if it has ended.
 */
export async function applyOnRefresh(
  refresh: StoredRefresh,
  options: AfterRefreshOptions,
): Promise<UserClaims | undefined> {
  const { handle, after, keepAlive } = refresh
  const { onSignIn, addUserInfo, emit, ending } = options
  const { claims: current } = after
  if (!onSignIn && !addUserInfo) return current
  try {
    const found = await claimsAfterRefresh(refresh, options)
    if (!found) return current
    const verdict = await askHook(found.claims, refresh, options)
    if (verdict === false) {
      const ended = await handle.end('refused', ending.revoke)
      if (ended) keepAlive(finishSession(handle.key, ended, ending))
      return undefined
    }
    const written = await swapUntilWon(handle, handle.readIgnoringExpiry, (record) => {
      // A later refresh has its own decision. A store that lost the record might show the one before the refresh, whose
      // refresh token is spent.
      const isOther =
        decisive(record.ledger) !== decisive(after.ledger) || record.generation < after.generation
      if (isOther) return record
      const next = verdict
        ? withDecidedClaims(record, keptClaims(verdict, record.claims))
        : found.accept(record)
      if (jsonBytes(next) > handle.maxRecordBytes) throw TOO_LARGE
      return next
    })
    return written.kind === 'done' ? written.snapshot.record.claims : undefined
  } catch (error) {
    const cause = redact(error)
    if (onSignIn) emit({ type: 'claims_hook_failed', session: fingerprint(handle.key), cause })
    else emit({ type: 'user_info_failed', cause })
    return current
  }

  /** Returns the number of the latest refresh that decides about the claims. With UserInfo, tokens for other APIs do not. */
  function decisive(ledger: TokenLedger): number | undefined {
    return addUserInfo ? ledger.tokens['']?.attempt : latestRefresh(ledger)
  }
}

const TOO_LARGE = { name: 'ClaimsError', code: 'CLAIMS_TOO_LARGE' }

function askHook(
  claims: UserClaims,
  { after }: StoredRefresh,
  { onSignIn, server, insecureHosts, registration }: OnSignInOptions,
): ReturnType<OnSignIn> {
  const { scope, tokens, proofKey } = after.ledger
  const { '': accessToken } = tokens
  const credential = accessToken && createCredential(accessToken, proofKey, server.binding)
  return onSignIn?.(copyClaims(claims), {
    reason: 'refresh',
    fetch: createSignInFetch(credential, insecureHosts),
    current: copyClaims(after.claims),
    ...omitUndefined({ scope, registration }),
  })
}

/** Returns the claims as JSON keeps them. Identity claims come from the ID token. Without one, the hook sets `sub`. */
function keptClaims(verdict: UserClaims, identity: UserClaims): UserClaims {
  const kept: Record<string, unknown> = { ...copyClaims(verdict) }
  for (const name of IDENTITY) if (identity.sub !== undefined || name !== 'sub') delete kept[name]
  return { ...kept, ...pick(identity, IDENTITY) }
}
