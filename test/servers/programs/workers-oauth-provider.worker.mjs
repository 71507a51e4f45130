import { OAuthProvider } from '@cloudflare/workers-oauth-provider'
import { signInPage } from './sign-in-page.mjs'

const pages = {
  async fetch(request, { OAUTH_PROVIDER: oauth, USER: user }) {
    if (new URL(request.url).pathname !== '/authorize') return new Response(null, { status: 404 })
    if (request.method === 'GET') {
      const consent = await oauth.beginConsent(await oauth.parseAuthRequest(request))
      consent.headers.set('content-type', 'text/html')
      const html = signInPage().replace(
        '</form>',
        `<input type="hidden" name="handle" value="${consent.handle}"></form>`,
      )
      return new Response(html, { headers: consent.headers })
    }
    const form = await request.formData()
    if (form.get('email') !== user.email || form.get('password') !== user.password)
      return new Response('Wrong password', { status: 403 })
    const { request: authRequest, headers } = await oauth.approveConsent(request, form.get('handle'), {
      scope: ['profile'],
    })
    const { redirectTo } = await oauth.completeAuthorization({
      request: authRequest,
      userId: user.username,
      metadata: {},
      scope: authRequest.scope,
      props: { sub: user.username },
    })
    headers.set('location', redirectTo)
    return new Response(null, { status: 302, headers })
  },
}

const api = { fetch: (_request, _env, context) => Response.json(context.props) }

export default {
  fetch(request, env, context) {
    const { URL: url, LIFETIME_SECONDS: accessTokenTTL } = env
    const provider = new OAuthProvider({
      apiRoute: '/api',
      apiHandler: api,
      defaultHandler: pages,
      authorizeEndpoint: '/authorize',
      tokenEndpoint: '/token',
      scopesSupported: ['profile'],
      accessTokenTTL,
      resourceMetadata: { resource: `${url}/api`, authorization_servers: [url] },
    })
    return provider.fetch(request, env, context)
  },
}
