import type { ClientAuth } from 'oauth4webapi'
import type { CustomRevocation, RevocationProfile } from '../../ports/dialect.ts'
import { inFormat } from '../../rules/protocol/token-request-form.ts'
import { ConfigurationError } from '../../vocabulary/index.ts'
import {
  createCustomRequest,
  type RevocationMechanism,
  type RevocationTools,
  type Revoke,
} from './custom-requests.ts'

/** The values of grants whose revocation has failed. A second use of their refresh token could fail. */
const MAX_VALUES = 100

/** Revokes the tokens of a server whose `revocation` differs. */
export const REVOCATION_MECHANISM: RevocationMechanism = {
  create: createRevoke,
  check({ token, authentication }, { senderConstraint }) {
    const needsProof = (token ?? 'refresh_token') !== 'refresh_token' || authentication === 'bearer'
    if (!needsProof || senderConstraint?.method !== 'dpop') return
    const rule = 'cannot be used with `dpop()`. Remove it.'
    throw new ConfigurationError('invalid_option', `Option \`server.revocation\` ${rule}`)
  },
}

/** Creates the value of a preset, whose profile needs no check. */
export function presetRevocation(profile: RevocationProfile): CustomRevocation {
  return createCustomRequest<CustomRevocation>(profile, REVOCATION_MECHANISM)
}

function createRevoke(
  { client, authenticator, fetchMetadata, secretInHeader, send, refresh, isSuccessful }: RevocationTools,
  profile: RevocationProfile,
): Revoke {
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
    if (!addAuthentication) return send(url, { method, headers: { authorization: `Bearer ${value}` } })
    const form = new URLSearchParams({ [parameter]: value })
    const headers = new Headers({ accept: 'application/json' })
    await addAuthentication(await fetchMetadata(), client, form, headers)
    const sent = inFormat({ url, init: { method, headers } }, form, profile)
    return send(sent.url, sent.init)
  }

  /** Uses a refresh token for the value to revoke. `undefined`: the server has refused the token. */
  async function exchange(refreshToken: string): Promise<string | undefined> {
    const { response, body, isRejected } = await refresh(refreshToken)
    const value = (Object(body) as Readonly<Record<string, unknown>>)[member]
    if (response.ok && typeof value === 'string') return value
    if (isRejected) return undefined
    throw new Error('The server returned no token to revoke')
  }

  return async (token, hint) => {
    const isBearer = authentication === 'bearer'
    const clientAuth = isBearer ? undefined : await authenticate()
    if (!clientAuth && !isBearer) return 'unsupported'
    let value: string | undefined = token
    if (hint === 'refresh_token' && member !== hint) {
      value = values.get(token) ?? (await exchange(token))
      // Either the grant has ended, or another process has used the token and has failed to revoke the grant.
      if (value === undefined) return 'unsupported'
      values.set(token, value)
      if (values.size > MAX_VALUES) values.delete(String(values.keys().next().value))
    } else if (hint !== member && member !== 'refresh_token') return 'unsupported'
    if (!(await isSuccessful(await request(value, clientAuth)))) return 'failed'
    values.delete(token)
    return 'revoked'
  }
}
