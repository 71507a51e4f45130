import { randomBytes } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { exportJWK, generateKeyPair } from 'jose'
import type Provider from 'oidc-provider'
import type { Context } from 'oidc-provider'
import {
  deviceCodePage,
  deviceConfirmPage,
  deviceSuccessPage,
  signInPage,
  signOutPage,
  user,
} from './sign-in-page.ts'

/** Tokens that were issued, for tests that inspect them. */
export interface Issued {
  readonly grantType: string
  readonly tokens: {
    readonly access_token: string
    readonly refresh_token: string
    readonly id_token: string
  }
}

export interface AuthorizationServerOptions {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  readonly appUrl: string
  /** The resource server that access tokens are for (RFC 8707). */
  readonly resource: string
  readonly accessTokenSeconds: number
  readonly onIssued?: ((issued: Issued) => void) | undefined
  readonly onRevoked?: (() => void) | undefined
}

const SCOPE = 'openid profile email offline_access'
const RESOURCE_SCOPE = 'orders:read profile:read'
const DAY_SECONDS = 86_400

/** The client of `examples/cli`. Its redirect URI can have any port (RFC 8252). */
const COMMAND_LINE_TOOL = {
  client_id: 'orders-cli',
  application_type: 'native',
  token_endpoint_auth_method: 'none',
  grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
  redirect_uris: ['http://127.0.0.1/callback/orders'],
  id_token_signed_response_alg: 'ES256',
}

/** A real authorization server: refresh tokens rotate, and one that is used twice ends the grant. */
export async function createAuthorizationServer(
  options: AuthorizationServerOptions,
): Promise<RequestListener> {
  const provider = await createProvider(options.issuer, await configuration(options))
  provider.on('grant.success', ({ oidc, body }) => {
    options.onIssued?.({ grantType: String(oidc.params['grant_type']), tokens: body as Issued['tokens'] })
  })
  provider.on('grant.revoked', () => options.onRevoked?.())

  /** One page signs the only user in and asks for consent: one click. */
  async function signIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { params } = await provider.interactionDetails(request, response)
    if (request.method !== 'POST') {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(signInPage())
      return
    }
    const grant = new provider.Grant({ accountId: user.sub, clientId: params.client_id })
    grant.addOIDCScope(SCOPE)
    grant.addResourceScope(options.resource, RESOURCE_SCOPE)
    const consent = { grantId: await grant.save() }
    await provider.interactionFinished(request, response, { login: { accountId: user.sub }, consent })
  }

  const answer = provider.callback()
  return (request, response) => {
    if (!request.url?.startsWith('/sign-in/')) return answer(request, response)
    signIn(request, response).catch(() => response.writeHead(400).end('This sign-in is over: start again'))
  }
}

async function configuration(options: AuthorizationServerOptions): Promise<object> {
  const { appUrl, clientId, clientSecret, resource, accessTokenSeconds } = options
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  return {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: [`${appUrl}/auth/callback`],
        post_logout_redirect_uris: [`${appUrl}/`],
        id_token_signed_response_alg: 'ES256',
      },
      COMMAND_LINE_TOOL,
    ],
    rotateRefreshToken: true,
    jwks: { keys: [await exportJWK(privateKey)] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    claims: { openid: ['sub'], profile: ['name'], email: ['email'] },
    conformIdTokenClaims: false,
    findAccount: (_context: Context, sub: string) => ({ accountId: sub, claims: () => user }),
    interactions: { url: (_context: Context, { uid }: { uid: string }) => `/sign-in/${uid}` },
    ttl: {
      AccessToken: accessTokenSeconds,
      DeviceCode: 600,
      IdToken: 3600,
      Interaction: 3600,
      Session: DAY_SECONDS,
      Grant: DAY_SECONDS,
      RefreshToken: DAY_SECONDS,
    },
    features: {
      devInteractions: { enabled: false },
      deviceFlow: {
        enabled: true,
        userCodeInputSource(context: Context, form: string) {
          context.body = deviceCodePage(form)
        },
        userCodeConfirmSource(context: Context, form: string, _client: object, _info: object, code: string) {
          context.body = deviceConfirmPage(form, code)
        },
        successSource(context: Context) {
          context.body = deviceSuccessPage()
        },
      },
      revocation: {
        enabled: true,
        allowedPolicy: (_context: Context, client: { clientId: string }, token: { clientId: string }) =>
          token.clientId === client.clientId,
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource(context: Context, form: string) {
          context.body = signOutPage(form)
        },
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: RESOURCE_SCOPE,
          audience: resource,
          accessTokenTTL: accessTokenSeconds,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  }
}

/** oidc-provider warns that it keeps everything in memory, which is the point here, and that it was not made for Node 20. */
async function createProvider(issuer: string, settings: object): Promise<Provider> {
  const { warn } = console
  console.warn = () => {}
  try {
    const { default: OidcProvider } = await import('oidc-provider')
    return new OidcProvider(issuer, settings)
  } finally {
    console.warn = warn
  }
}
