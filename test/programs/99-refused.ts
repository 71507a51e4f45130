// Code that must not compile. Each expected error proves one rule of the types.
import {
  evertoken,
  isEvertokenError,
  type AccessToken,
  type Evertoken,
  type EvertokenWithClient,
  type ServerProfile,
} from '@evertoken/node'
import { clientCredentials, tokenExchange } from '@evertoken/core/grants'
import { next } from '@evertoken/core/next'
import { tenants } from '@evertoken/core/tenants'

declare const server: ServerProfile
const base = { issuer: 'https://i.example', clientId: 'c', encryptionSecret: 's' } as const
const { issuer: _issuer, ...withoutServer } = base

const auth = evertoken(base)
evertoken({ ...withoutServer, server })
evertoken({
  ...withoutServer,
  server: { ...server, refreshTokenReuse: { graceSeconds: 10 } },
  onEvent: [() => {}],
})
// @ts-expect-error A misspelt option.
evertoken({ ...base, sesion: 'server' })
// @ts-expect-error Either an issuer or a server.
evertoken({ ...base, server })
// @ts-expect-error Neither.
evertoken(withoutServer)
// @ts-expect-error A misspelt fact about the server.
evertoken({ ...withoutServer, server: { issuer: 'https://i.example', refreshEndsAccesToken: true } })
// @ts-expect-error The name of the option in version 0.1.
evertoken({ issuer: 'https://i.example', clientId: 'c', secret: 's' })
// @ts-expect-error Without a secret, sessions could not be encrypted.
evertoken({ issuer: 'https://i.example', clientId: 'c' })
// @ts-expect-error Each registration has its own client.
evertoken({ ...base, registrations: tenants({ nameOf: () => 'a', load: () => undefined }) })

declare const token: AccessToken
void auth.getUserAccessToken({ rejectedToken: token })
// @ts-expect-error A token, and not its value.
void auth.getUserAccessToken({ rejectedToken: token.value })
void auth.getUserAccessToken({ token: tokenExchange({ audience: 'billing' }), minValiditySeconds: 60 })
void auth.getUserAccessToken({ audience: 'billing', forceRefresh: true })
// @ts-expect-error The source has its own audience.
void auth.getUserAccessToken({ token: tokenExchange({ audience: 'billing' }), audience: 'stock' })
// @ts-expect-error The actor is the application, or a function.
tokenExchange({ audience: 'billing', actor: 'gateway' })
// @ts-expect-error The user might have to sign in.
const wrong: Promise<AccessToken> = auth.getUserAccessToken()
// @ts-expect-error The application has no token of its own.
auth.createTokenFetch({ baseUrl: 'https://api.example', token: 'client' })
// @ts-expect-error 'none' is only for the proxy, because a token fetch without a token is `fetch`.
auth.createTokenFetch({ baseUrl: 'https://api.example', token: 'none' })
auth.createTokenProxy({ '/api/*': { target: 'https://api.example', token: 'user-or-none', scope: 'a' } })
// @ts-expect-error A path begins with a slash.
auth.createTokenProxy({ 'api/*': { target: 'https://api.example', token: 'none' } })
// @ts-expect-error A proxy route states whose token is sent.
auth.createTokenProxy({ '/api/*': { target: 'https://api.example' } })
// @ts-expect-error The cookies of the current session are sent by `handle`.
void auth.commit(new Response())
void auth.session(new Request('https://a')).commit(new Response())
// @ts-expect-error A session without a request has no response that could set cookies.
void auth.sessionById('id').commit(new Response())
const inServerComponent = await next(auth).session()
void inServerComponent.getUser()
// @ts-expect-error Nothing can start a session in a server component.
void inServerComponent.startSession({})

const withClient = evertoken({ ...base, client: clientCredentials() })
withClient.createTokenFetch({ baseUrl: 'https://api.example', token: 'user-or-client' })
export const own: Promise<AccessToken> = withClient.getClientAccessToken()
// The token of the application without the option `client`: a source.
auth.createTokenFetch({ baseUrl: 'https://api.example', token: clientCredentials({ scope: 'a' }) })
// @ts-expect-error The source has its own scope.
auth.createTokenFetch({ baseUrl: 'https://api.example', scope: 'a', token: clientCredentials() })
// @ts-expect-error The option `client` is missing.
void auth.getClientAccessToken()
// @ts-expect-error The option `client` is missing.
export const writtenWithClient: EvertokenWithClient = auth

export function advise(error: unknown): string {
  if (!isEvertokenError(error)) throw error
  switch (error.name) {
    case 'SignInRequiredError':
    case 'ConfigurationError':
    case 'OperatorError':
    case 'RequestRefusedError':
      return error.code
    case 'TryLaterError':
      return `in ${error.retryAfterSeconds.toFixed()} s`
  } // All classes are handled, so no return is needed.
}
export function codesOfOneClass(error: unknown): boolean {
  // @ts-expect-error A configuration error has no such code.
  return isEvertokenError(error) && error.name === 'ConfigurationError' && error.code === 'no_session'
}

// Written types, as `isolatedDeclarations` wants them.
export const written: Evertoken = evertoken(base)
export const listener = written.listener((_request, session) =>
  session.createTokenFetch({ baseUrl: 'https://a' })('x'),
)
export const handler = written.handler()
export const unused = [wrong]
