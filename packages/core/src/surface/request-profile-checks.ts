import { isReservedParameter } from '../model/token-parameters.ts'
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

const codeParameters: Check = (value) =>
  TOKEN_PARAMETERS.parameters[0](value) ??
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
  const { token, parameter, authentication } = checkAll(
    REVOCATION,
    revocation,
    'server.revocation.',
    [],
    hosts,
  )
  const problem = parameter === undefined && token !== undefined ? tokenParameter(token, hosts) : undefined
  if (problem !== undefined) throw invalid('server.revocation.token', `${problem}. Set \`parameter\``)
  const needsProof = (token ?? 'refresh_token') !== 'refresh_token' || authentication === 'bearer'
  if (needsProof && senderConstraint?.method === 'dpop')
    throw invalid('server.revocation', 'needs the refresh token as its parameter with `dpop()`. Remove it')
}
