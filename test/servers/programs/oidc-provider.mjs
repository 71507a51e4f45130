import { randomBytes } from 'node:crypto'
import { Provider } from 'oidc-provider'

const { port, url, appUrl, client, lifetimeSeconds } = JSON.parse(process.argv[2])
const DAY_SECONDS = 86_400

const provider = new Provider(url, {
  clients: [
    {
      client_id: client.id,
      client_secret: client.secret,
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: [`${appUrl}/auth/callback`],
      post_logout_redirect_uris: [`${appUrl}/`],
    },
  ],
  rotateRefreshToken: true,
  cookies: { keys: [randomBytes(32).toString('base64url')] },
  findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  ttl: {
    AccessToken: lifetimeSeconds,
    IdToken: 3600,
    Interaction: 3600,
    Session: DAY_SECONDS,
    Grant: DAY_SECONDS,
    RefreshToken: DAY_SECONDS,
  },
  features: {
    devInteractions: { enabled: true },
    revocation: { enabled: true },
    rpInitiatedLogout: { enabled: true },
    userinfo: { enabled: true },
  },
})
provider.listen(port, '127.0.0.1', () => console.log('ready'))
