import { type AuthorizationServer, type ClientAuth, ClientSecretJwt, modifyAssertion } from 'oauth4webapi'
import type { ClientAuthentication, ClientSecret } from '../../ports/client-authentication.ts'
import { jwtTimes } from '../../rules/protocol/jwt.ts'
import { ConfigurationError } from '../../vocabulary/index.ts'
import {
  type AuthenticationContext,
  createClientAuthentication,
  inHeader,
  type MethodFor,
  type SecretRules,
} from './client-authentication.ts'

/**
 * Sends the client ID and the client secret in the `Authorization` header of each token request.
 *
 * @param secret - The client secret. A function is called for each token request, so that Evertoken uses a rotated
 *   secret. If it fails, returns no secret or takes longer than half of `serverTimeoutSeconds`, the call throws an
 *   `OperatorError` with the code `key_service_unavailable`. No refresh token is lost.
 * @returns A value for the option `clientAuthentication`. Omit the option `clientSecret` then.
 * @throws {ConfigurationError} If the secret is missing or empty.
 * @example
 *   evertoken({ ...options, clientAuthentication: clientSecretBasic(() => sealedStore.read('client-secret')) })
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 RFC 6749, section 2.3.1: Client Password}
 */
export function clientSecretBasic(secret: ClientSecret): ClientAuthentication {
  return secretInHeader(secret, { basicCredentials: 'encoded' })
}

/**
 * Sends the client ID and the client secret in the body of each token request. Use it only if the authorization server
 * does not support `clientSecretBasic`.
 *
 * @param secret - Same as for `clientSecretBasic`.
 * @returns A value for the option `clientAuthentication`. Omit the option `clientSecret` then.
 * @throws {ConfigurationError} If the secret is missing or empty.
 * @example
 *   evertoken({ ...options, clientAuthentication: clientSecretPost(() => sealedStore.read('client-secret')) })
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 RFC 6749, section 2.3.1: Client Password}
 */
export function clientSecretPost(secret: ClientSecret): ClientAuthentication {
  return withSecret(POST, secret, inBody)
}

/**
 * Signs a JWT with the client secret (HS256) for each token request, so that the secret itself is not sent.
 *
 * @param secret - Same as for `clientSecretBasic`.
 * @returns A value for the option `clientAuthentication`. Omit the option `clientSecret` then.
 * @throws {ConfigurationError} If the secret is missing or empty.
 * @example
 *   evertoken({ ...options, clientAuthentication: clientSecretJwt(() => sealedStore.read('client-secret')) })
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#ClientAuthentication OpenID Connect Core, section 9: Client Authentication}
 */
export function clientSecretJwt(secret: ClientSecret): ClientAuthentication {
  return withSecret('client_secret_jwt', secret, (value, { serverClock }) =>
    ClientSecretJwt(value, {
      [modifyAssertion](_header, claims) {
        Object.assign(claims, jwtTimes(serverClock.read(), LIFETIME_SECONDS))
      },
    }),
  )
}

/**
 * Sends only the client ID, as a public client does.
 *
 * @returns A value for the option `clientAuthentication`. Omit the option `clientSecret` then.
 * @example
 *   evertoken({ ...options, clientAuthentication: none() })
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-2.1 RFC 6749, section 2.1: Client Types}
 */
export function none(): ClientAuthentication {
  return createClientAuthentication('none', { authenticate: () => withClientId, isFixed: true })
}

/** Sends the secret in the `Authorization` header. `plain`: for servers that do not decode it. */
export function secretInHeader(secret: ClientSecret, rules: SecretRules): ClientAuthentication {
  return withSecret(BASIC, secret, inHeader(rules))
}

/**
 * Sends the secret in the way that the metadata of the server lists: in the header, unless the server supports only the
 * body.
 */
export function secretAsSupported(secret: ClientSecret, rules: SecretRules): ClientAuthentication {
  const authenticate = (value: string): ClientAuth => {
    const [basic, post] = [inHeader(rules)(value), inBody(value)]
    return (server, ...request) => (supportedMethod(server) === BASIC ? basic : post)(server, ...request)
  }
  return withSecret(BASIC, secret, authenticate, supportedMethod)
}

const withClientId: ClientAuth = (_server, { client_id: id }, body) => body.set('client_id', id)

function inBody(secret: string): ClientAuth {
  return (_server, { client_id: id }, body) => {
    body.set('client_id', id)
    body.set('client_secret', secret)
  }
}

const BASIC = 'client_secret_basic'
const POST = 'client_secret_post'

function supportedMethod({
  token_endpoint_auth_methods_supported: listed = [],
}: Partial<AuthorizationServer>): string {
  return listed.includes(POST) && !listed.includes(BASIC) ? POST : BASIC
}

/** How long an assertion of `clientSecretJwt` is valid, in seconds. */
const LIFETIME_SECONDS = 60

/** @param toClientAuth - Returns how one request is authenticated with the secret. */
function withSecret(
  method: string,
  secret: ClientSecret,
  toClientAuth: (secret: string, context: AuthenticationContext) => ClientAuth,
  chooseMethod?: MethodFor,
): ClientAuthentication {
  const readSecret = typeof secret === 'function' ? secret : () => secret
  const isFixed = readSecret !== secret
  if (isFixed && !isSecret(secret)) throw secretMissing(method)
  return createClientAuthentication(method, {
    authenticate: (context, timeoutMs) =>
      isFixed
        ? toClientAuth(secret as string, context)
        : context.ask(async () => {
            // The function is code of the application, so its result is checked.
            const value: unknown = await readSecret()
            return isSecret(value) ? toClientAuth(value, context) : undefined
          }, timeoutMs),
    isFixed,
    readSecret,
    methodFor: chooseMethod,
  })
}

function isSecret(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function secretMissing(method: string): ConfigurationError {
  const message = `The client secret for \`${method}\` is missing. Pass a string or a function.`
  return new ConfigurationError('invalid_option', message)
}
