import type { BrokenReason } from './broken-reason.ts'
import type { ErrorCode } from './error-codes.ts'
import type { RedactedCause } from './errors.ts'

/** Why a cookie was not accepted as a session. */
export type RejectionReason =
  | 'incomplete'
  | 'malformed'
  | 'unknown_key'
  | 'tampered'
  /** The session is of another authorization server or client. Applications can share a secret. */
  | 'unknown_registration'
  /** The store has no session for the cookie of a server session. Emitted at most once a minute. */
  | 'not_found'

/** Why a session is over. */
export type EndReason =
  | 'signed_out'
  /** A new session in the same browser replaced it. */
  | 'replaced'
  | 'back_channel_logout'
  | 'front_channel_logout'
  | 'grant_rejected'
  | 'subject_changed'
  /** The hook `onSignIn` refused the user after a refresh. */
  | 'refused'
  /** The session was not used for too long. */
  | 'idle'
  /** The session reached its maximum lifetime, or its grant or the session at the authorization server has ended. */
  | 'expired'
  /** The session store no longer has the session, although its time is not over. */
  | 'lost'

/** Why a process is certainly one of several that serve the same application. */
export type SeveralProcesses = 'cluster' | 'pm2' | 'serverless'

/** A header of a response that shows a time. */
export type TimeHeader = 'date' | 'age' | 'retry-after'

/** The result of a revocation request (RFC 7009). */
export type RevocationOutcome = 'revoked' | 'unsupported' | 'failed' | 'nothing_to_revoke'

/** A part of a sign-out: the end of the session here, the revocation of its tokens, the end of the session there. */
export type SignOutPart = 'session' | 'revocation' | 'authorization_server'

/**
 * An event for logs and metrics. `session` is a fingerprint, which is constant for a session and gives no access to
 * it. No event carries a token, a code or a secret.
 */
export type EvertokenEvent =
  | { readonly type: 'sign_in_failed'; readonly code: ErrorCode; readonly cause?: RedactedCause }
  /** An owner could not connect an account of a provider in the browser. An earlier grant is kept. */
  | {
      readonly type: 'connect_failed'
      readonly provider: string
      readonly code: ErrorCode
      readonly cause?: RedactedCause
    }
  /** A user has signed in, or the application has called `startSession`. */
  | { readonly type: 'session_started'; readonly session: string }
  /**
   * The server ends the grant soon, so the user must sign in again. Emitted once, by the first refresh in the last 10 % of
   * the lifetime of the grant (at most 7 days), or by the last refresh before its end. `grantExpiresAt` is in seconds since
   * the epoch.
   */
  | { readonly type: 'grant_expires_soon'; readonly session: string; readonly grantExpiresAt: number }
  /** A session is over. */
  | { readonly type: 'session_ended'; readonly session: string; readonly reason: EndReason }
  /** Parts of a sign-out could not be confirmed. `retrying`: whether Evertoken still tries, in the background. */
  | {
      readonly type: 'sign_out_incomplete'
      readonly session: string
      readonly parts: readonly SignOutPart[]
      readonly retrying: boolean
    }
  /** The request is treated as signed out, because its cookie is not a valid session. */
  | { readonly type: 'session_rejected'; readonly reason: RejectionReason }
  /** An access token was refreshed and stored. `durationMs` is the time from the token request until the store has the token. */
  | { readonly type: 'token_refreshed'; readonly session: string; readonly durationMs: number }
  /** A token was requested with another grant than the refresh token, such as the token of the application itself. */
  | { readonly type: 'token_granted'; readonly grant: string; readonly durationMs: number }
  /** A call used the refresh of another call: in the same process (`flight`), or in another process (`store`). */
  | { readonly type: 'token_shared'; readonly session: string; readonly from: 'flight' | 'store' }
  /** A refresh failed. The session continues, unless `session_ended` follows. `cause` shows the response of the server. */
  | {
      readonly type: 'refresh_failed'
      readonly session: string
      readonly code: ErrorCode
      readonly cause?: RedactedCause
    }
  /**
   * A refresh token was lost, or may be. `answer_lost`: the response to an earlier use never arrived. `used_twice`:
   * another process had used it. `used_elsewhere`: the server refused it although this process has not used it, and no
   * other process shares the store. `store_unavailable`: the store did not save the new one.
   */
  | {
      readonly type: 'refresh_token_lost'
      readonly session: string
      readonly reason: 'store_unavailable' | 'answer_lost' | 'used_twice' | 'used_elsewhere'
      /** The recommended change, if it is known. */
      readonly hint?: string
    }
  /** A caller has waited for more than a second for the refresh of another process. */
  | { readonly type: 'refresh_waiting'; readonly session: string }
  /** A process that holds the lease of a refresh shows no sign of life. Another one takes it over. */
  | { readonly type: 'lease_expired'; readonly session: string }
  /** A caller did not get a token, although the user need not sign in. */
  | { readonly type: 'token_unavailable'; readonly session: string; readonly code: ErrorCode }
  /** A call of the application is in the wrong place, so it throws an error with this code. */
  | { readonly type: 'programming_error'; readonly code: ErrorCode }
  /**
   * The `Date` of a response of the authorization server is off by this many seconds, and was not trusted at first.
   * Emitted at most once a minute.
   */
  | { readonly type: 'server_date_doubted'; readonly seconds: number }
  /**
   * The value of a header of the authorization server is malformed or not credible, so Evertoken does not use it. Emitted
   * at most once a minute for each header.
   */
  | { readonly type: 'server_header_ignored'; readonly header: TimeHeader }
  /** The session is too large for its cookie. It continues for as long as the session store keeps it. */
  | { readonly type: 'cookie_too_large'; readonly session: string }
  /** The ID token of a refresh failed validation. The session keeps its claims and uses the new access token. */
  | { readonly type: 'id_token_ignored'; readonly session: string }
  /** UserInfo could not be used, or its claims do not fit into the cookie. After a sign-in, the session has only the claims of the ID token. After a refresh, it keeps its claims. */
  | { readonly type: 'user_info_failed'; readonly cause: RedactedCause }
  /** The hook `onSignIn` failed after a refresh. The session keeps the claims that it has. */
  | { readonly type: 'claims_hook_failed'; readonly session: string; readonly cause: RedactedCause }
  /** `session` is absent if no session received the token, because the sign-in failed. */
  | {
      readonly type: 'refresh_token_revoked'
      readonly session?: string
      readonly outcome: RevocationOutcome
    }
  /** The same for an access token, with `revokeOnLogout: 'all'`. */
  | {
      readonly type: 'access_token_revoked'
      readonly session?: string
      readonly outcome: RevocationOutcome
    }
  /** A back-channel logout was refused. No session has ended. */
  | {
      readonly type: 'logout_token_rejected'
      readonly code: ErrorCode
      readonly cause?: RedactedCause
    }
  /** An owner has connected or removed an account of a provider, or its `connection` works again. */
  | {
      readonly type: 'connection_created' | 'connection_removed' | 'connection_recovered'
      readonly connection: string
      readonly provider: string
    }
  /** The owner must connect again. It is emitted once, or never if the process ends before the store responds. */
  | {
      readonly type: 'connection_broken'
      readonly connection: string
      readonly provider: string
      readonly reason: BrokenReason
    }
  /** A hook of `createConnections` failed, or the function of a provider during `keepAlive()`. The connection is kept. */
  | { readonly type: 'connection_hook_failed'; readonly connection: string; readonly cause: RedactedCause }
  /** The proxy could not reach an API; `target` is its origin. */
  | { readonly type: 'proxy_failed'; readonly target: string; readonly cause: RedactedCause }
  /** An outage of the session store begins. It is reported once, with the first operation that failed. */
  | {
      readonly type: 'store_failed'
      readonly operation: 'read' | 'swap' | 'remove' | 'index'
      readonly cause: RedactedCause
    }
  /**
   * The default store is in use, although the process is certainly one of several. It is reported once, at the first use
   * of the store. `reason` names the evidence.
   */
  | {
      readonly type: 'store_not_shared'
      readonly reason: SeveralProcesses
      readonly hint: string
    }
  /**
   * On Workers, the options were created again, because `env` has other values than before. It is emitted at most once a
   * minute.
   */
  | { readonly type: 'options_recomputed'; readonly hint: string }
  /**
   * The registration of a tenant could not be loaded. If one is known, Evertoken continues to use it. `tenant` is the name,
   * which may come from a forged request.
   */
  | {
      readonly type: 'tenant_load_failed'
      readonly tenant: string
      readonly code: ErrorCode
      readonly cause?: RedactedCause
    }
  /** The timeout of `drain` is over. `unfinished` is the number of requests, refreshes and revocations that remain. */
  | { readonly type: 'drain_timed_out'; readonly unfinished: number }
  /** The session store returned an earlier record than one that it had confirmed, for example after a failover. */
  | { readonly type: 'store_went_back'; readonly session: string }
  /** The outage is over. `durationMs` is the time since `store_failed`. */
  | { readonly type: 'store_recovered'; readonly durationMs: number }

/** Receives every event synchronously. Evertoken does not wait for it and ignores its errors. */
export type EventListener = (event: EvertokenEvent) => void
