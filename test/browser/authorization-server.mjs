import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'

export const CLIENT = { id: 'web', secret: randomBytes(32).toString('base64url') }
export const USER = { sub: 'ada', name: 'Ada Lovelace' }

/** A real authorization server for one application, with back-channel logout to one of its processes. */
export async function startAuthorizationServer({ appUrl, backChannelUrl, onIssued, onLoggedOut }) {
  const http = createServer()
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve))
  // Another host name than the application's: cookies do not know ports.
  const issuer = `http://localhost:${http.address().port}`
  const provider = await createProvider(issuer, configuration(appUrl, backChannelUrl))
  provider.on('grant.success', ({ body }) => onIssued(body))
  provider.on('backchannel.success', () => onLoggedOut('success'))
  provider.on('backchannel.error', (_context, error) => onLoggedOut(String(error)))

  const answer = provider.callback()
  http.on('request', (request, response) => {
    if (!request.url.startsWith('/sign-in/')) return answer(request, response)
    signIn(provider, request, response).catch(() => response.writeHead(400).end('This sign-in is over'))
  })
  return { issuer }
}

async function signIn(provider, request, response) {
  const { params } = await provider.interactionDetails(request, response)
  if (request.method !== 'POST') {
    response.writeHead(200, { 'content-type': 'text/html' })
    return response.end(page('<form method="post"><button>Continue as Ada</button></form>'))
  }
  const grant = new provider.Grant({ accountId: USER.sub, clientId: params.client_id })
  grant.addOIDCScope('openid profile offline_access')
  const consent = { grantId: await grant.save() }
  await provider.interactionFinished(request, response, { login: { accountId: USER.sub }, consent })
}

function configuration(appUrl, backChannelUrl) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: [`${appUrl}/auth/callback`],
        post_logout_redirect_uris: [`${appUrl}/`],
        backchannel_logout_uri: `${backChannelUrl}/auth/back-channel-logout`,
        backchannel_logout_session_required: true,
        id_token_signed_response_alg: 'ES256',
      },
    ],
    rotateRefreshToken: true,
    issueRefreshToken: () => true,
    // If two sign-ins run at the same time, the second session replaces the first. The code of the first stays valid.
    expiresWithSession: () => false,
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    claims: { openid: ['sub'], profile: ['name'] },
    conformIdTokenClaims: false,
    findAccount: (_context, sub) => ({ accountId: sub, claims: () => USER }),
    interactions: { url: (_context, { uid }) => `/sign-in/${uid}` },
    // Its own refuses addresses on this machine.
    fetch: (url, { dispatcher: _dispatcher, ...init }) => fetch(url, init),
    ttl: {
      AccessToken: 300,
      IdToken: 3600,
      Interaction: 3600,
      Session: 3600,
      Grant: 3600,
      RefreshToken: 3600,
    },
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true, allowedPolicy: () => true },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: { enabled: true, logoutSource: askNothing, postLogoutSuccessSource: sayGoodbye },
    },
  }
}

/** The user has just clicked "Sign out". */
function askNothing(context, form) {
  const button = '<button form="op.logoutForm" name="logout" value="yes">Sign out</button>'
  context.body = page(`${form}${button}<script>document.querySelector('button').click()</script>`)
}

function sayGoodbye(context) {
  context.body = page('<p>Signed out</p>')
}

function page(body) {
  return `<!doctype html><title>authorization server</title><link rel="icon" href="data:,">${body}`
}

/** It warns that it keeps everything in memory, which is the point here, and that it was not made for Node 20. */
async function createProvider(issuer, settings) {
  const { warn } = console
  console.warn = () => {}
  try {
    const { default: Provider } = await import('oidc-provider')
    return new Provider(issuer, settings)
  } finally {
    console.warn = warn
  }
}
