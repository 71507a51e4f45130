import { ConfigurationError } from '../../vocabulary/index.ts'
import { checkLoginOptions } from '../login-option-checks.ts'
import type { SessionCookies } from '../session-cookies.ts'
import { checkTokenFetchOptions } from '../token-fetch-options.ts'
import type { TokenSession } from '../token-session.ts'
import type { TokenName } from '../token-source.ts'
import type { UserSession } from '../user-session.ts'

/** The session of a job whose registration may still be loading. */
export function createLazyTokenSession(loading: Promise<TokenSession<TokenName>>): TokenSession<TokenName> {
  // Each function reports the failure to its caller.
  loading.catch(() => undefined)
  return {
    getUserAccessToken: async (options) => (await loading).getUserAccessToken(options),
    createTokenFetch(options) {
      checkTokenFetchOptions(options)
      const creating = once(async () => (await loading).createTokenFetch(options))
      return async (input, init) => (await creating())(input, init)
    },
    revokeRefreshToken: async () => (await loading).revokeRefreshToken(),
    getUser: async () => (await loading).getUser(),
    getSession: async () => (await loading).getSession(),
    startSession: async (tokenResponse, options) => (await loading).startSession(tokenResponse, options),
    endSession: async () => (await loading).endSession(),
  }
}

type RequestSession = UserSession<TokenName> & Partial<SessionCookies>

/** The session of a request whose registration may still be loading. Functions without a promise need it loaded. */
export function createLazySession<Session extends RequestSession>(
  loading: Promise<Session>,
): UserSession<TokenName> & SessionCookies {
  let loaded: Session | undefined
  loading.then(
    (session) => (loaded = session),
    () => undefined,
  )
  function now(): Session {
    if (loaded) return loaded
    const message =
      'The registration of this request is not loaded. Await another function of this session first, or call this inside ' +
      'the function that you pass to `handler`, `listener` or `handle`.'
    throw new ConfigurationError('no_current_session', message)
  }
  return {
    ...createLazyTokenSession(loading),
    isSameOrigin: (request) => now().isSameOrigin(request),
    refuseCrossSite: (request) => now().refuseCrossSite(request),
    createTokenProxy(routes) {
      const creating = once(async () => (await loading).createTokenProxy(routes))
      return async (request) => (await creating())(request)
    },
    async redirectToLogin(options = {}) {
      checkLoginOptions(options)
      return (await loading).redirectToLogin(options)
    },
    loginUrlFor: (response, returnTo) => now().loginUrlFor(response, returnTo),
    commit: async (response) => ((await loading) as SessionCookies).commit(response),
    takeSetCookies: async () => ((await loading) as SessionCookies).takeSetCookies(),
  }
}

/** The first call starts the work. All calls share its result. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined
  return () => (result ??= work())
}
