import type { ErrorCode, RedactedCause } from './errors.ts'

/** Why a cookie was not accepted as a session. */
export type RejectionReason = 'incomplete' | 'malformed' | 'unknown_key' | 'tampered'

/** Why a session is over. */
export type EndReason =
  | 'signed_out'
  /** By another one in the same browser. */
  | 'replaced'
  | 'back_channel_logout'
  | 'front_channel_logout'
  | 'grant_rejected'
  | 'subject_changed'
  /** Not used for too long. */
  | 'idle'
  /** As old as a session may get. */
  | 'expired'

/** What the authorization server made of a revocation request (RFC 7009). */
export type RevocationOutcome = 'revoked' | 'unsupported' | 'failed' | 'nothing_to_revoke'

/**
 * What happened, for logs and metrics. `session` is a fingerprint: the same for the same session, useless to anyone
 * who wants to use it. No event carries a token, a code or a secret.
 */
export type EvertokenEvent =
  | { readonly type: 'sign_in_failed'; readonly code: ErrorCode; readonly cause?: RedactedCause }
  | { readonly type: 'session_started'; readonly session: string }
  | { readonly type: 'session_ended'; readonly session: string; readonly reason: EndReason }
  | { readonly type: 'session_rejected'; readonly reason: RejectionReason }
  | { readonly type: 'token_refreshed'; readonly session: string; readonly durationMs: number }
  | { readonly type: 'token_shared'; readonly session: string; readonly from: 'flight' | 'store' }
  | {
      readonly type: 'refresh_failed'
      readonly session: string
      readonly code: ErrorCode
      readonly cause?: RedactedCause
    }
  | {
      readonly type: 'refresh_token_lost'
      readonly session: string
      readonly reason: 'store_unavailable' | 'answer_lost'
    }
  /** The session has outgrown its cookie; it goes on for as long as the session store holds it. */
  | { readonly type: 'cookie_too_large'; readonly session: string }
  | { readonly type: 'id_token_ignored'; readonly session: string }
  | {
      readonly type: 'refresh_token_revoked'
      readonly session: string
      readonly outcome: RevocationOutcome
    }
  | {
      readonly type: 'access_token_revoked'
      readonly session: string
      readonly outcome: RevocationOutcome
    }
  | {
      readonly type: 'logout_token_rejected'
      readonly code: ErrorCode
      readonly cause?: RedactedCause
    }
  /** The proxy could not reach an API; `target` is its origin. */
  | { readonly type: 'proxy_failed'; readonly target: string; readonly cause: RedactedCause }
  /** An outage of the session store begins. It is reported once, with the first operation that failed. */
  | {
      readonly type: 'store_failed'
      readonly operation: 'read' | 'swap' | 'remove' | 'index'
      readonly cause: RedactedCause
    }
  /** The outage is over. `durationMs` is the time since `store_failed`. */
  | { readonly type: 'store_recovered'; readonly durationMs: number }

/** Receives every event, synchronously, and is not waited for. What it throws is ignored. */
export type EventListener = (event: EvertokenEvent) => void
