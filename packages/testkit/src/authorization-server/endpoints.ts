import { authorize } from './authorize-endpoint.ts'
import { createCodes } from './codes.ts'
import { metadataOf } from './metadata.ts'
import type { IncomingRequest, RequestKind, TokenResponse, Tweaks, World } from './model.ts'
import type { IssueOptions } from './options.ts'
import { endSession, revoke, userinfo } from './other-endpoints.ts'
import { answer, token } from './token-endpoint.ts'

type Handler = (request: IncomingRequest, tweaks: Tweaks) => Response | Promise<Response>
export type Endpoints = (...args: Parameters<Handler>) => Promise<Response>

/** The honest server. Rejects with a `Refusal`. */
export function createEndpoints(world: World): Endpoints {
  const codes = createCodes(world.grants, world.clock)

  const handlers: Record<RequestKind, Handler> = {
    discovery: () => Response.json(metadataOf(world)),
    jwks: async () => Response.json(await world.signer.jwks()),
    authorize: (request, tweaks) => authorize(world, codes, request, tweaks),
    token: (request, tweaks) => token(world, codes, request, tweaks),
    refresh: (request, tweaks) => token(world, codes, request, tweaks),
    revoke: (request) => revoke(world, request),
    userinfo: (request) => userinfo(world, request),
    endSession: (request, tweaks) => endSession(world, request, tweaks),
  }
  return async (request, tweaks) => handlers[request.kind](request, tweaks)
}

/** A grant and its first tokens, without a code. */
export function issue(world: World, options: IssueOptions): Promise<TokenResponse> {
  const grant = world.grants.open({
    clientId: options.clientId ?? world.clients[0]?.id ?? '',
    sub: options.sub ?? 'user-1',
    scope: options.scope ?? 'openid',
    resource: [options.resource ?? []].flat(),
    authTime: Math.floor(world.clock.now()),
  })
  return answer(world, {
    grant,
    scope: grant.scope,
    resource: grant.resource,
    extra: {},
    refreshToken: world.grants.issueRefreshToken(grant),
    withNonce: true,
    ...(options.idToken !== undefined && { withIdToken: options.idToken }),
    ...(options.expiresIn !== undefined && { expiresIn: options.expiresIn }),
  })
}
