import { isJsonObject } from '../members.ts'
import { isTokenText } from './token-response.ts'

/** What to change after an error of the token endpoint that concerns the client (RFC 6749 §5.2, RFC 8707 §2). */
const REMEDIES: Readonly<Record<string, string>> = {
  invalid_client: 'Check `clientId`, `clientSecret` and `clientAuthentication`.',
  invalid_scope: 'Change `scope` to a scope that it allows for this client.',
  invalid_target: 'Change `resource` to an API that it allows for this client.',
  unauthorized_client: 'Enable the grant type and the response type `code` for this client there.',
  unsupported_grant_type: 'Enable the grant type for this client there.',
}

/**
 * Describes why the authorization server refuses a client, and the change to make.
 *
 * @param error - The registered OAuth error, if the response has one.
 */
export function describeClientRefusal(error: string = ''): string {
  const remedy = REMEDIES[error] ?? 'Check the client id, secret, scope and resource.'
  return `the authorization server refuses the client${error && ` (\`${error}\`)`}. ${remedy}`
}

/** Matches names of token types. A server can put any text into its response, so no other text is shown. */
const TYPE = /^[A-Za-z_-]{1,20}$/

/**
 * Names the member because of which a token response cannot be used. Shows no value except a token type.
 *
 * @param expected - The type that the token must have.
 */
export function describeUnusableMember(body: unknown, expected = 'Bearer'): string {
  if (!isJsonObject(body)) return 'its body is not a JSON object'
  const { access_token: token, token_type: type } = body
  if ('error' in body) return 'its `error` is not a registered one'
  if (typeof token !== 'string' || token === '') return 'its `access_token` is missing'
  if (isTokenText(token))
    return typeof type === 'string' && TYPE.test(type)
      ? `its \`token_type\` is '${type}' and not '${expected}'`
      : `its \`token_type\` is not \`${expected}\``
  return 'its `access_token` has characters that a header cannot carry'
}
