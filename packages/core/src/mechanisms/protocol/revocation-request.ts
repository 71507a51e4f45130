import { type AuthorizationServer as Metadata, customFetch } from 'oauth4webapi'
import { isJsonObject } from '../../rules/members.ts'
import { inFormat } from '../../rules/protocol/token-request-form.ts'
import type { RevocationOutcome } from '../../vocabulary/index.ts'
import type { RevocationProfile } from '../../ports/dialect.ts'
import type { Connection } from './connection.ts'
import { readBody } from './token-request.ts'

/** Uses a refresh token, and returns a member of the response. `undefined`: the server has refused the token. */
export type ExchangeForMember = (refreshToken: string, member: string) => Promise<string | undefined>

/** The values of grants whose revocation has failed. A second use of their refresh token could fail. */
const MAX_VALUES = 100

/** Creates the function that revokes the tokens of a server with a `RevocationProfile`. It rejects if the request fails. */
export function createRevocation(
  { client, authenticator, fetchMetadata, wire }: Connection,
  profile: RevocationProfile,
  exchange: ExchangeForMember,
): (token: string, hint: 'refresh_token' | 'access_token') => Promise<RevocationOutcome> {
  const { token: member = 'refresh_token', method = 'POST', authentication } = profile
  const { parameter = member === 'refresh_token' ? 'token' : member } = profile
  const values = new Map<string, string>()

  async function request(value: string): Promise<Response> {
    const url = profile.url.replace('{client_id}', encodeURIComponent(client.client_id))
    if (authentication === 'bearer')
      return wire[customFetch](url, { method, headers: { authorization: `Bearer ${value}` } })
    const metadata = await fetchMetadata()
    const as: Metadata =
      authentication === 'client_secret_basic'
        ? { ...metadata, token_endpoint_auth_methods_supported: [authentication] }
        : metadata
    const form = new URLSearchParams({ [parameter]: value })
    const headers = new Headers({ accept: 'application/json' })
    await (
      await authenticator.request()
    )(as, client, form, headers)
    const sent = inFormat({ url, init: { method, headers } }, form, profile)
    return wire[customFetch](sent.url, sent.init)
  }

  return async (token, hint) => {
    let value: string | undefined = token
    if (hint === 'refresh_token' && member !== hint) {
      value = values.get(token) ?? (await exchange(token, member))
      // The grant has ended.
      if (value === undefined) return 'revoked'
      values.set(token, value)
      if (values.size > MAX_VALUES) values.delete(String(values.keys().next().value))
    } else if (hint !== member && member !== 'refresh_token') return 'unsupported'
    if (!isSuccess(await readBody(await request(value)))) return 'failed'
    values.delete(token)
    return 'revoked'
  }
}

/** Whether a request had its effect. Some servers report errors with the status 200. */
export function isSuccess({
  response,
  body,
}: {
  readonly response: Response
  readonly body: unknown
}): boolean {
  const { error, ok } = isJsonObject(body) ? body : {}
  return response.ok && error === undefined && ok !== false
}
