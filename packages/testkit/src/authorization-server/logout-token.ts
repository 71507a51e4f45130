import type { AuthorizationServerOptions, LogoutTokenOptions } from './options.ts'
import { randomText } from './base64url.ts'
import { changeClaims } from './id-token.ts'
import type { Client, World } from './model.ts'

const LOGOUT_TOKEN_SECONDS = 120

/** OpenID Connect Back-Channel Logout section 2.4. */
export async function logoutToken(world: World, options: LogoutTokenOptions): Promise<string> {
  const { sub, sid, claims, header, signature, algorithm } = options
  const client = clientOf(world, options)
  const now = Math.floor(world.clock.now())
  const honest = {
    iss: world.issuer(),
    aud: options.clientId ?? client?.id,
    iat: now,
    exp: now + LOGOUT_TOKEN_SECONDS,
    jti: randomText(12),
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    sub,
    sid,
  }
  return world.signer.sign(changeClaims(honest, claims), {
    header: { typ: 'logout+jwt', ...header },
    secret: client?.secret,
    ...(signature && { signature }),
    ...(algorithm && { algorithm }),
  })
}

/** Section 2.5. */
export async function sendLogoutToken(
  world: World,
  options: LogoutTokenOptions,
  send: NonNullable<AuthorizationServerOptions['backChannelFetch']>,
): Promise<Response> {
  const uri = clientOf(world, options)?.backChannelLogoutUri
  if (uri === undefined)
    throw new Error('Cannot send a logout token: give the client a "backChannelLogoutUri"')
  const body = new URLSearchParams({ logout_token: await logoutToken(world, options) })
  return send(new Request(uri, { method: 'POST', body }))
}

function clientOf({ clients }: World, { clientId }: LogoutTokenOptions): Client | undefined {
  return clientId === undefined ? clients[0] : clients.find(({ id }) => id === clientId)
}
