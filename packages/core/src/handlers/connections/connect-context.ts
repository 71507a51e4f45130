import type { PendingConnection, PendingLogins } from '../../mechanisms/sign-in/pending-logins.ts'
import type { SignInGrant, SignInServer, TokenServer } from '../../ports/authorization-server.ts'
import { withQueryParameters } from '../../rules/sign-in/return-to.ts'
import { type EvertokenError, RequestRefusedError } from '../../vocabulary/index.ts'
import { problemFor } from '../problem.ts'
import { escapeHtml, isNavigation, page, redirect, UNFRAMED } from '../responses.ts'

/** One request to a route of connections. */
export interface ConnectContext {
  readonly request: Request
  readonly query: URLSearchParams
  /** The origin of the application in browsers. */
  readonly origin: string
  /** The path of the application in browsers, with a slash at the end. */
  readonly home: string
  /** The connections that this browser has begun. */
  readonly logins: PendingLogins
  /** Resolves to the owner at the browser, or to `undefined` if there is none. */
  findOwner(): Promise<string | undefined>
}

/** A connection that an owner begins or finishes. `owner` is `undefined` if the token response names the owner. */
export type ConnectTarget = Pick<PendingConnection, 'owner' | 'name'>

/** The client of a provider, for one connection. */
export interface ConnectClient {
  readonly server: Pick<SignInServer, 'authorize' | 'readResponse' | 'redeem'> &
    Pick<TokenServer, 'registration' | 'binding'>
  /** The configured parameters of the authorization request, such as `scope`. */
  readonly authorizationParameters: URLSearchParams
  /** Resolves to the scope that the owner has granted before, if it is known. */
  readScope(): Promise<string | undefined>
  /** @throws {RequestRefusedError} If the grant is of another account. */
  store(grant: SignInGrant): Promise<void>
}

/** The provider of a route. */
export interface ConnectProvider {
  /** Its only redirect URI, so that a response of another provider cannot be mistaken for one of this (RFC 9700 §4.4.2.2). */
  readonly redirectUri: string
  /** Whether the token response names the owner. */
  readonly isOwnerInResponse: boolean
  /** Whether a connection is one of this provider. */
  isProviderOf(name: string): boolean
  /**
   * @param isBegin - Whether the owner begins to connect, so that the provider can be looked up again.
   * @param grantClientId - The client with which the owner has begun, if the known one is another.
   */
  findClient(target: ConnectTarget, isBegin: boolean, grantClientId?: string): Promise<ConnectClient>
  /** Emits an event. Throws all errors that are not an `EvertokenError`. */
  reportFailure(error: unknown): EvertokenError
}

/** What the page at `returnTo` learns. */
export type ConnectOutcome = 'connected' | 'denied' | 'account_mismatch' | 'failed'

export function outcomeOf({ code }: EvertokenError): ConnectOutcome {
  if (code === 'access_denied') return 'denied'
  return code === 'account_mismatch' ? code : 'failed'
}

/** Sends the browser to its destination, with the outcome in the query. */
export function returnWith(
  outcome: ConnectOutcome | 'disconnected',
  connection: string,
  returnTo: string,
  { origin, home }: Pick<ConnectContext, 'origin' | 'home'>,
): Response {
  return redirect(withQueryParameters(returnTo, { connection, outcome }, origin, home))
}

/** Creates the response without a destination: a page, or `problem+json`. */
export function connectRefusal(request: Request, error: EvertokenError): Response {
  const response = problemFor(error)
  if (!isNavigation(request)) return response
  const { code, message } = error
  const body = `<h1>Cannot connect</h1><p>${escapeHtml(message)}</p><p><small>${code}</small></p>`
  return page(response, 'Cannot connect', UNFRAMED, body)
}

/** The message does not show which of the causes applies, because that would help to test a stolen link. */
export function notUsable(): RequestRefusedError {
  const message = 'This attempt to connect has expired, was already completed, or is not yours. Start again.'
  return new RequestRefusedError('login_transaction_invalid', message)
}

/** Creates the error for a user who declines, if the server does not send the user back. */
export function accessDenied(): RequestRefusedError {
  const message = 'Cannot connect: the user or the authorization server refused. The user can try again.'
  return new RequestRefusedError('access_denied', message)
}

/** Creates the error for a user who has not decided in time. */
export function authorizationExpired(): RequestRefusedError {
  const message = 'Cannot connect: the user has not finished in time. Start again.'
  return new RequestRefusedError('authorization_expired', message)
}
