import type { OnSignedIn } from '../handlers/callback.ts'
import type { SessionStore } from '../ports/session-store.ts'
import type { UserClaims } from '../rules/session-record.ts'
import { checkPath, invalid } from './invalid-option.ts'

/** The part of the options that is about signing in and out. All have defaults. */
export interface SessionOptions {
  /** Names of further query parameters of the login route that the authorization server gets, such as `kc_idp_hint`. */
  readonly loginParameters?: readonly string[]
  /** How the authorization server sends its answer. Default `query`; `form_post` works on https only. */
  readonly responseMode?: 'query' | 'form_post'
  /** Path of this application that gets the code of a failed sign-in as `error`. Default: a plain page. */
  readonly signInErrorPath?: string
  /** Looks at whoever signs in before the session starts: may change the claims that are kept, or refuse with `false`. */
  readonly onSignedIn?: OnSignedIn
  /** Told about the user after each refresh, when the new refresh token is safe. What it throws is ignored. */
  readonly onRefreshed?: (claims: UserClaims) => void | Promise<void>
  /** What the user route answers when nobody is signed in: 401 (default), or 200 with `null`. */
  readonly anonymousSessionResponse?: 401 | 200
  /**
   * Whether the authorization server may sign users out by a request of its own (OIDC Back-Channel Logout); needs a store
   * with an index. `all`: all sessions of the user, even when it names one. Default false.
   */
  readonly backChannelLogout?: boolean | 'all'
  /** Whether it may do so by a frame in its own page (OIDC Front-Channel Logout). Default false. */
  readonly frontChannelLogout?: boolean
  /** Whether there is a route that shows how things are set up; on loopback only. Default false. */
  readonly diagnostics?: boolean
}

/** They are checked apart from the others, and have all defaults in place. */
export interface SessionSettings {
  readonly loginParameters: readonly string[]
  readonly responseMode: 'query' | 'form_post'
  readonly signInErrorPath: string | undefined
  readonly onSignedIn: OnSignedIn | undefined
  readonly onRefreshed: SessionOptions['onRefreshed']
  readonly anonymousSessionResponse: 401 | 200
  readonly backChannelLogout: boolean | 'all'
  readonly frontChannelLogout: boolean
  readonly diagnostics: boolean
}

export const SESSION_OPTIONS: Record<keyof SessionOptions, true> = {
  loginParameters: true,
  responseMode: true,
  signInErrorPath: true,
  onSignedIn: true,
  onRefreshed: true,
  anonymousSessionResponse: true,
  backChannelLogout: true,
  frontChannelLogout: true,
  diagnostics: true,
}

/** What decides where the answer goes, and what it can be trusted for. */
const OURS =
  /^(?:client_.*|redirect_uri|response_.*|state|nonce|code_.*|request|request_uri|resource|returnTo|dpop_jkt)$/

/** @throws ConfigurationError that names the option and says what to do. */
export function checkSessionOptions(options: SessionOptions, store: SessionStore): SessionSettings {
  const { loginParameters = [], responseMode = 'query', signInErrorPath, onSignedIn, onRefreshed } = options
  const { anonymousSessionResponse = 401, backChannelLogout = false } = options
  const { frontChannelLogout = false, diagnostics = false } = options
  const names = Array.isArray(loginParameters) ? (loginParameters as readonly unknown[]) : [undefined]
  if (!names.every((name) => typeof name === 'string' && /^[\w.-]+$/.test(name) && !OURS.test(name)))
    throw invalid('loginParameters', 'must be a list of parameter names that the library does not set itself')
  for (const [name, hook] of Object.entries({ onSignedIn, onRefreshed })) {
    if (hook !== undefined && typeof hook !== 'function') throw invalid(name, 'must be a function')
  }
  if (backChannelLogout && !store.index)
    throw invalid('backChannelLogout', 'needs a session store with an index: without one no session is found')
  return {
    loginParameters,
    responseMode: oneOf('responseMode', responseMode, ['query', 'form_post']),
    signInErrorPath:
      signInErrorPath === undefined ? undefined : checkPath('signInErrorPath', signInErrorPath),
    onSignedIn,
    onRefreshed,
    anonymousSessionResponse: oneOf('anonymousSessionResponse', anonymousSessionResponse, [401, 200]),
    backChannelLogout: oneOf<boolean | 'all'>('backChannelLogout', backChannelLogout, [false, true, 'all']),
    frontChannelLogout: oneOf('frontChannelLogout', frontChannelLogout, [false, true]),
    diagnostics: oneOf('diagnostics', diagnostics, [false, true]),
  }
}

function oneOf<T>(option: string, value: T, allowed: readonly T[]): T {
  if (allowed.includes(value)) return value
  throw invalid(option, `must be one of ${allowed.map((each) => JSON.stringify(each)).join(', ')}`)
}
