import { isJsonObject } from '../members.ts'
import type { RedactedCause } from '../../vocabulary/index.ts'
import { NOT_BOUND, NOT_CERTIFIED } from './token-response.ts'

/** What to change after an error of the token endpoint that concerns the client (RFC 6749 §5.2, RFC 8707 §2). */
const REMEDIES: Readonly<Record<string, string>> = {
  invalid_authorization_details: 'Change `authorizationDetails`.',
  invalid_client: 'Check `clientId`, `clientSecret` and `clientAuthentication`.',
  invalid_scope: 'Change `scope`, or allow it there.',
  invalid_target: 'Change `resource`, or allow it there.',
  unauthorized_client: 'Enable the grant type and the response type `code` there.',
  unsupported_grant_type: 'Enable the grant type there.',
}

/**
 * Describes why the authorization server refuses a client, and the change to make.
 *
 * @param error - The registered OAuth error, if the response has one.
 * @param reason - The result of `describeAuthentication`.
 */
export function describeClientRefusal({ error = '', reason }: Partial<RedactedCause> = {}): string {
  const remedy = REMEDIES[error] ?? 'Check the client id, secret, scope and resource.'
  const facts = reason === undefined ? '' : ` ${reason}.`
  return `the authorization server refuses the client${error && ` (\`${error}\`)`}.${facts} ${remedy}`
}

/** Matches names of methods. A server can put any text into its metadata, so no other text is shown. */
const METHOD = /^[a-z_]{1,40}$/

/**
 * Describes how the client has authenticated, if the token endpoint can have refused that. Keycloak responds with
 * `unauthorized_client`, and others with a bare 401.
 *
 * @param listed - `token_endpoint_auth_methods_supported` of the metadata.
 */
export function describeAuthentication(
  status: number,
  error: unknown,
  method: string,
  listed: unknown,
): string | undefined {
  if (status !== 401 && error !== 'invalid_client' && error !== 'unauthorized_client') return undefined
  const shown = [listed].flat().filter((each) => typeof each === 'string' && METHOD.test(each))
  return `\`${method}\` was used, and the metadata lists ${shown.slice(0, 9).join(', ') || 'no methods'}`
}

/**
 * Names the member because of which a token response cannot be used. Shows no value except a token type.
 *
 * @param unknownType - From `unknownTokenType`, if the token cannot be used because of its type.
 */
export function describeUnusableMember(body: unknown, unknownType?: string): string {
  if (!isJsonObject(body)) return 'its body is not a JSON object'
  const { access_token: token } = body
  if ('error' in body) return 'its `error` is not a registered one'
  if (typeof token !== 'string' || token === '') return 'its `access_token` is missing'
  if (unknownType === NOT_BOUND) return 'its `token_type` is not `DPoP`'
  if (unknownType === NOT_CERTIFIED) return 'its `access_token` names no certificate'
  if (unknownType !== undefined) return `its \`token_type\` is ${unknownType} and not Bearer`
  return 'its `access_token` does not fit into a header'
}
