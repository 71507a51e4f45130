import { loadPeer } from '../../../peers/install.ts'
import { httpsFetch } from '../https-fetch.ts'
import { type CreateSubject, ORIGIN, USER } from '../subject.ts'

interface OidcAuth {
  readonly initOidcAuthMiddleware: (settings: Record<string, string>) => unknown
  readonly oidcAuthMiddleware: () => unknown
  readonly Hono: new () => {
    use(middleware: unknown): void
    get(path: string, handler: (context: { text(body: string): Response }) => Response): void
    fetch(request: Request): Promise<Response>
  }
  readonly sign: (payload: object, secret: string, algorithm: 'HS256') => Promise<string>
}

const SECRET = 'a secret of thirty-two characters'

/** Its middleware in an application; a call that reaches the application's handler is a good one. */
export const oidcAuth: CreateSubject = async ({ issuer, clientId, clientSecret }) => {
  globalThis.fetch = httpsFetch
  const { initOidcAuthMiddleware, oidcAuthMiddleware, Hono, sign } = (await loadPeer('oidcAuth')) as OidcAuth
  const application = new Hono()
  application.use(
    initOidcAuthMiddleware({
      OIDC_AUTH_SECRET: SECRET,
      OIDC_AUTH_REFRESH_INTERVAL: '300',
      OIDC_ISSUER: issuer.replace('http:', 'https:'),
      OIDC_CLIENT_ID: clientId,
      OIDC_CLIENT_SECRET: clientSecret,
    }),
  )
  application.use(oidcAuthMiddleware())
  application.get('/', (context) => context.text('Hello'))
  return {
    async signIn({ refresh_token: rtk, expires_in }) {
      const now = Math.floor(Date.now() / 1000)
      const session = { sub: USER, email: '', rtk, rtkexp: now + expires_in, ssnexp: now + 86_400 }
      return [`oidc-auth=${await sign(session, SECRET, 'HS256')}; Path=/`]
    },
    async call(cookie) {
      const response = await application.fetch(new Request(ORIGIN, { headers: { cookie } }))
      return { ok: response.status === 200, setCookie: response.headers.getSetCookie() }
    },
  }
}
