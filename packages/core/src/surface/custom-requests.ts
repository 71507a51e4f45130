import { isReservedParameter } from '../model/token-parameters.ts'
import {
  type CustomRequestOptions,
  AS_CLIENT,
  asBearer,
  createCustomRequest,
  type RevocationMechanism,
  withSecretInHeader,
} from '../mechanisms/protocol/custom-requests.ts'
import type { CustomRevocation, RevocationProfile } from '../ports/dialect.ts'
import {
  type CustomTokenRequest,
  inJson,
  type TokenRequestProfile,
  toServerRequest,
  withoutBody,
} from '../rules/protocol/token-request-form.ts'
import {
  type Check,
  type Checked,
  checkAll,
  invalid,
  must,
  oneOf,
  type OptionTable,
  REQUIRED,
  text,
  url,
} from './checks.ts'
import { TOKEN_PARAMETERS } from './token-parameter-checks.ts'

/** Parameters of a request with a code that Evertoken sets. */
const OF_CODE = /^(?:code|redirect_uri|code_verifier)$/

/** A server can require the resource in each request (RFC 8707). In a call, it has its own option. */
const withResource: Check = (value) => {
  const hasResource = Object(value) === value && Object.hasOwn(value as object, 'resource')
  if (!hasResource) return TOKEN_PARAMETERS.parameters[0](value)
  const { resource, ...parameters } = value as { readonly resource: unknown }
  return TOKEN_PARAMETERS.resource[0](resource) ?? TOKEN_PARAMETERS.parameters[0](parameters)
}

const codeParameters: Check = (value) =>
  withResource(value) ??
  must(
    'not contain `code`, `redirect_uri` or `code_verifier`',
    (parameters: object) => !Object.keys(parameters).some((name) => OF_CODE.test(name)),
  )(value)

/** The name of a parameter with a token. It must not replace a parameter that identifies the client or the request. */
const tokenParameter: Check = (value) =>
  text(value) ??
  must(
    'not be the name of another parameter of the request, such as `client_id`',
    (name: string) => name === 'refresh_token' || !isReservedParameter(name),
  )(value)

const TOKEN_REQUEST: OptionTable<Checked<TokenRequestProfile, keyof TokenRequestProfile>> = {
  format: [oneOf('form', 'json', 'query')],
  codeParameters: [codeParameters],
  refreshParameters: [withResource],
  refreshUrl: [url],
  refreshGrantType: [text],
  refreshTokenParameter: [tokenParameter],
}

/** A URL can have the client ID in its path. */
const template: Check = (value, hosts) =>
  text(value) ?? url((value as string).replace('{client_id}', 'client'), hosts)

const REVOCATION: OptionTable<Checked<RevocationProfile, Exclude<keyof RevocationProfile, 'url'>>> = {
  url: [template, REQUIRED],
  method: [oneOf('POST', 'DELETE')],
  token: [text],
  parameter: [tokenParameter],
  format: [oneOf('form', 'json')],
  authentication: [oneOf('client', 'client_secret_basic', 'bearer')],
}

const CHECKED_TOKEN_REQUEST = {
  adapt: toServerRequest,
  check(value: CustomTokenRequest, { insecureHosts }: CustomRequestOptions) {
    checkAll(TOKEN_REQUEST, value, 'server.tokenRequest.', [], insecureHosts)
  },
}

const AUTHENTICATE = {
  client: AS_CLIENT.authenticate,
  client_secret_basic: withSecretInHeader,
  bearer: asBearer,
}

const CHECKED_REVOCATION: RevocationMechanism = {
  authenticate: (connection, parameter) =>
    AUTHENTICATE[connection.revocation?.authentication ?? 'client'](connection, parameter),
  adapt(request, form, { authentication, format }) {
    if (authentication === 'bearer') return withoutBody(request)
    return format === 'json' ? inJson(request, form) : request
  },
  check(value: CustomRevocation, { insecureHosts }: CustomRequestOptions) {
    const { token, parameter } = checkAll(REVOCATION, value, 'server.revocation.', [], insecureHosts)
    const problem =
      parameter === undefined && token !== undefined ? tokenParameter(token, insecureHosts) : undefined
    if (problem !== undefined) throw invalid('server.revocation.token', `${problem}. Set \`parameter\``)
  },
}

/**
 * Describes how standard requests with client authentication differ at an authorization server.
 *
 * Do not use it with a preset of the server, which contains it.
 *
 * @param profile - The differences. They are checked with the other options.
 * @returns A value for `server.tokenRequest`.
 * @throws {ConfigurationError} From the function that gets the options, if a member is unknown or invalid.
 * @example
 *   import { customTokenRequest } from '@evertoken/core/requests'
 *
 *   const tokenRequest = customTokenRequest({ format: 'json' })
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3 RFC 6749, section 4.1.3: Access Token Request}
 */
export function customTokenRequest(profile: TokenRequestProfile): CustomTokenRequest {
  return createCustomRequest(profile, CHECKED_TOKEN_REQUEST)
}

/**
 * Describes how an authorization server revokes a grant, if that differs from RFC 7009.
 *
 * Do not use it with a preset of the server, which contains it.
 *
 * @param profile - The request. It is checked with the other options.
 * @returns A value for `server.revocation`.
 * @throws {ConfigurationError} From the function that gets the options, if a member is missing, unknown or invalid, or cannot be
 *   used with `senderConstraint`.
 * @example
 *   import { customRevocation } from '@evertoken/core/requests'
 *
 *   const revocation = customRevocation({ url: 'https://api.example.com/revoke', authentication: 'bearer' })
 * @see {@link https://www.rfc-editor.org/rfc/rfc7009#section-2.1 RFC 7009, section 2.1: Revocation Request}
 */
export function customRevocation(profile: RevocationProfile): CustomRevocation {
  return createCustomRequest(profile, CHECKED_REVOCATION)
}
