import type { TokenHeader } from '../model/stored-tokens.ts'
import type { RevocationProfile } from '../ports/dialect.ts'
import type { SenderConstraint } from '../ports/token-binding.ts'
import type { TokenRequestProfile } from '../rules/protocol/token-request-form.ts'
import {
  type Check,
  type Checked,
  checkAll,
  invalid,
  must,
  mustMatch,
  oneOf,
  type OptionTable,
  REQUIRED,
  text,
  url,
} from './checks.ts'
import type { RequestProfile } from './request-profile.ts'
import { TOKEN_PARAMETERS } from './token-parameter-checks.ts'

export const isObject: Check = must('be an object', (value) => Object(value) === value)

type RequestValues = Checked<RequestProfile, keyof RequestProfile>

/** The checks of whole members. `checkRequestProfile` checks their parts. */
export const REQUEST_PROFILE: OptionTable<RequestValues> = {
  tokenHeader: [isObject],
  tokenRequest: [isObject],
  revocation: [isObject],
  redirectUri: [text],
}

const TOKEN_HEADER: OptionTable<Checked<TokenHeader, keyof TokenHeader>> = {
  name: [mustMatch('be the name of a header', /^[\w-]+$/)],
  prefix: [mustMatch('be a text that a header can have', /^[\x20-\x7e]*$/)],
}

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

const TOKEN_REQUEST: OptionTable<Checked<TokenRequestProfile, keyof TokenRequestProfile>> = {
  format: [oneOf('form', 'json', 'query')],
  codeParameters: [codeParameters],
  refreshParameters: [withResource],
  refreshUrl: [url],
  refreshGrantType: [text],
  refreshTokenParameter: [text],
}

/** A URL can have the client ID in its path. */
const template: Check = (value, hosts) =>
  text(value) ?? url((value as string).replace('{client_id}', 'client'), hosts)

const REVOCATION: OptionTable<Checked<RevocationProfile, Exclude<keyof RevocationProfile, 'url'>>> = {
  url: [template, REQUIRED],
  method: [oneOf('POST', 'DELETE')],
  token: [text],
  parameter: [text],
  format: [oneOf('form', 'json')],
  authentication: [oneOf('client', 'client_secret_basic', 'bearer')],
}

/** The options of the application that these checks need. */
export interface RequestContext {
  readonly insecureHosts: readonly string[]
  readonly senderConstraint?: SenderConstraint | undefined
}

/**
 * Checks the members of a profile that change requests.
 *
 * @throws {ConfigurationError} If a member is missing, unknown or invalid, or cannot be used with `senderConstraint`.
 */
export function checkRequestProfile(
  { tokenHeader, tokenRequest, revocation }: RequestValues,
  { insecureHosts: hosts, senderConstraint }: RequestContext,
): void {
  if (tokenHeader) checkAll(TOKEN_HEADER, tokenHeader, 'server.tokenHeader.', [], hosts)
  if (tokenRequest) checkAll(TOKEN_REQUEST, tokenRequest, 'server.tokenRequest.', [], hosts)
  if (!revocation) return
  const { token, authentication } = checkAll(REVOCATION, revocation, 'server.revocation.', [], hosts)
  const needsProof = (token ?? 'refresh_token') !== 'refresh_token' || authentication === 'bearer'
  if (needsProof && senderConstraint?.method === 'dpop')
    throw invalid('server.revocation', 'needs the refresh token as its parameter with `dpop()`. Remove it')
}
