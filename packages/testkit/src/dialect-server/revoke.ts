import type { FakeAuthorizationServer } from '../authorization-server.ts'
import type { Client } from '../authorization-server/model.ts'
import type { Dialect } from './dialect.ts'
import { clientOf, type DialectRequest } from './incoming.ts'

/**
 * Creates the endpoint that revokes tokens in the way of a dialect.
 *
 * @param revokeRefreshToken - Sends a request to the model.
 */
export function createRevoke(
  { revocation = { parameter: 'token' }, clientAuthentication, format, tokenResponse }: Dialect,
  { client, sub }: { readonly client: Client; readonly sub: string },
  model: FakeAuthorizationServer,
  revokeRefreshToken: (parameters: URLSearchParams) => Promise<Response>,
): (request: DialectRequest) => Promise<Response> {
  const { parameter, token = 'refresh_token', method = 'POST' } = revocation
  const methods = revocation.clientAuthentication ?? clientAuthentication

  /** Returns the user whose grant a value belongs to. */
  function ownerOf(value: string): string | undefined {
    if (token === 'access_token') return model.introspect(value).sub
    return tokenResponse?.members?.[token] === value ? sub : undefined
  }

  return async (request) => {
    const { headers, parameters } = request
    const bearer = /^bearer +(.+)$/i.exec(headers.get('authorization') ?? '')?.[1]
    const value = parameter === 'bearer' ? bearer : parameters.get(parameter)
    const { id, method: authentication } = clientOf(request)
    const isClient = id === client.id && (authentication === 'none' || methods.includes(authentication))
    const isFormat = parameter === 'bearer' || request.format === (revocation.format ?? format ?? 'form')
    const isAllowed = request.method === method && isFormat && (parameter === 'bearer' || isClient)
    if (!value || !isAllowed) return Response.json({ error: 'invalid_request' }, { status: 400 })
    if (token === 'refresh_token') {
      const credentials = { client_id: client.id, ...(client.secret && { client_secret: client.secret }) }
      await revokeRefreshToken(new URLSearchParams({ token: value, ...credentials }))
    } else {
      const owner = ownerOf(value)
      if (owner === undefined) return Response.json({ error: 'invalid_token' }, { status: 401 })
      model.grants.end(owner)
    }
    return revocation.body ? Response.json(revocation.body) : new Response(null)
  }
}
