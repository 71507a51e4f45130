import { type ClientAuth, customFetch } from 'oauth4webapi'
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
  { client, authenticator, fetchMetadata, wire, secretInHeader }: Connection,
  profile: RevocationProfile,
  exchange: ExchangeForMember,
): (token: string, hint: 'refresh_token' | 'access_token') => Promise<RevocationOutcome> {
  const { token: member = 'refresh_token', method = 'POST', authentication } = profile
  const { parameter = member === 'refresh_token' ? 'token' : member } = profile
  const values = new Map<string, string>()

  /** Resolves to `undefined` if the client has no secret to send. */
  async function authenticate(): Promise<ClientAuth | undefined> {
    if (authentication !== 'client_secret_basic') return authenticator.request()
    const secret = await authenticator.secret()
    return secret === undefined ? undefined : secretInHeader(secret)
  }

  /** `addAuthentication` is absent if the value itself authenticates the request. */
  async function request(value: string, addAuthentication?: ClientAuth): Promise<Response> {
    const url = profile.url.replace('{client_id}', encodeURIComponent(client.client_id))
    if (!addAuthentication)
      return wire[customFetch](url, { method, headers: { authorization: `Bearer ${value}` } })
    const form = new URLSearchParams({ [parameter]: value })
    const headers = new Headers({ accept: 'application/json' })
    await addAuthentication(await fetchMetadata(), client, form, headers)
    const sent = inFormat({ url, init: { method, headers } }, form, profile)
    return wire[customFetch](sent.url, sent.init)
  }

  return async (token, hint) => {
    const isBearer = authentication === 'bearer'
    const clientAuth = isBearer ? undefined : await authenticate()
    if (!clientAuth && !isBearer) return 'unsupported'
    let value: string | undefined = token
    if (hint === 'refresh_token' && member !== hint) {
      value = values.get(token) ?? (await exchange(token, member))
      // Either the grant has ended, or another process has used the token and has failed to revoke the grant.
      if (value === undefined) return 'unsupported'
      values.set(token, value)
      if (values.size > MAX_VALUES) values.delete(String(values.keys().next().value))
    } else if (hint !== member && member !== 'refresh_token') return 'unsupported'
    if (!isSuccess(await readBody(await request(value, clientAuth)))) return 'failed'
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
