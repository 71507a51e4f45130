import type { AuthorizationRequestMode } from '../../ports/authorization-mode.ts'
import { isJsonObject } from '../../rules/members.ts'
import { ConfigurationError, type EvertokenError } from '../../vocabulary/index.ts'
import { conversionOf, createRequestMode, requestParameters, requestUrl } from './authorization-mode.ts'
import { unavailable, wrongMetadata } from './discovery-errors.ts'
import { sendForm } from './form-request.ts'
import { signInError } from './sign-in-errors.ts'
import { type JsonResponse, readBody, toOAuthError } from './token-request.ts'

/**
 * Sends the parameters of each authorization request directly to the authorization server, with the authentication of the
 * client. The browser only gets a reference to them, so that no user can read or change them.
 *
 * If the server does not accept them, the sign-in fails before the browser leaves the application.
 *
 * @param inner - `jar(key)`, to sign the parameters as well.
 * @returns A value for the option `authorizationRequest`.
 * @throws {ConfigurationError} If `inner` is not a value of this module.
 * @example
 *   evertoken({ ...options, authorizationRequest: par() })
 * @see {@link https://www.rfc-editor.org/rfc/rfc9126#section-2 RFC 9126, section 2: Pushed Authorization Request Endpoint}
 */
export function par(inner?: AuthorizationRequestMode): AuthorizationRequestMode {
  const convertInner = conversionOf<URL>(inner)
  if (inner !== undefined && !(convertInner && inner.mode === 'jar'))
    throw new ConfigurationError(
      'invalid_option',
      'The argument of `par` must be `jar(key)`. Omit it otherwise.',
    )
  return createRequestMode(inner ? 'par+jar' : 'par', async (full, context) => {
    const { metadata, connection } = context
    const { client, authenticator, http } = connection
    const { pushed_authorization_request_endpoint: url } = metadata
    if (url === undefined)
      throw wrongMetadata(
        'Its `pushed_authorization_request_endpoint` is missing. Set it in `server.endpoints`, or remove `par()`.',
      )
    try {
      const form = requestParameters((await convertInner?.(full, context)) ?? full, context)
      const authenticate = await authenticator.request()
      form.set('client_id', client.client_id)
      const response = await sendForm({ url, form, authenticate, metadata }, connection, http)
      const result = await readBody(response)
      const uri = response.ok && isJsonObject(result.body) ? result.body['request_uri'] : undefined
      if (typeof uri !== 'string' || uri === '') throw notPushed(result)
      return requestUrl({ request_uri: uri }, context)
    } catch (error) {
      throw signInError(error)
    }
  })
}

function notPushed(result: JsonResponse): EvertokenError {
  const cause = { ...toOAuthError(result), name: 'PushedAuthorizationError' }
  const { error, status = 0, url } = cause
  if (status === 429 || status >= 500)
    return unavailable(`start the sign-in: ${url} responded with ${status}`, cause)
  const message =
    `Cannot start the sign-in: ${url} refused the pushed authorization request (${error ?? `status ${status}`}). ` +
    'Check the authentication, the redirect URI, the scope and the parameters of the client.'
  return new ConfigurationError('client_rejected', message, { cause })
}
