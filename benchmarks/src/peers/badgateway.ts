import { ACCESS_TOKEN, REFRESH_TOKEN } from '../application.ts'

/** The part that is used of `@badgateway/oauth2-client`. */
export interface Badgateway {
  readonly OAuth2Client: new (settings: object) => object
  readonly OAuth2Fetch: new (options: object) => { mw(): Middleware; getAccessToken(): Promise<string> }
}

type Middleware = (request: Request, next: (request: Request) => Promise<Response>) => Promise<Response>

/** A request with its token put on; one instance, that is, one user. */
export function badgatewayMiddleware(badgateway: Badgateway): Middleware {
  return current(badgateway).mw()
}

/** The token that its instance for one user holds in memory. */
export function badgatewayInMemory(badgateway: Badgateway): () => Promise<string> {
  const user = current(badgateway)
  return () => user.getAccessToken()
}

function current(badgateway: Badgateway) {
  const token = { accessToken: ACCESS_TOKEN, refreshToken: REFRESH_TOKEN, expiresAt: Date.now() + 3_600_000 }
  const client = new badgateway.OAuth2Client({ server: 'https://login.example.com', clientId: 'web' })
  const options = {
    client,
    scheduleRefresh: false,
    getStoredToken: () => token,
    getNewToken: () => Promise.reject(new Error('No new token here')),
  }
  return new badgateway.OAuth2Fetch(options)
}
