import { loadPeer } from '../../../peers/install.ts'
import { refreshGrant } from '../refresh-grant.ts'
import { cookieOf, type CreateSubject, ORIGIN, type SignedIn, USER } from '../subject.ts'

interface Authkit {
  readonly configure: (settings: object) => void
  readonly sessionEncryption: { sealData(session: object, options: { password: string }): Promise<string> }
  readonly createAuthService: (options: object) => {
    withAuth(
      request: Request,
    ): Promise<{ readonly auth: { accessToken?: string }; readonly refreshedSessionData?: string }>
  }
}

const COOKIE = 'wos-session'
const PASSWORD = 'p'.repeat(40)

/** Its client for WorkOS is replaced by one for this server, whose ID tokens are the signed access tokens it needs. */
export const authkit: CreateSubject = async (place) => {
  const { configure, createAuthService, sessionEncryption } = (await loadPeer('authkit')) as Authkit
  const { issuer, clientId } = place
  configure({ clientId, apiKey: 'benchmark', redirectUri: `${ORIGIN}callback`, cookiePassword: PASSWORD })
  const authenticateWithRefreshToken = async ({ refreshToken }: { refreshToken: string }) => {
    const response = await refreshGrant(place, refreshToken)
    if (!response.ok) throw new Error(`The token endpoint returned ${response.status}`)
    return sessionOf((await response.json()) as SignedIn)
  }
  const service = createAuthService({
    sessionStorageFactory: () => ({
      getSession: async (request: Request) => cookieOf(request.headers.get('cookie') ?? '', COOKIE),
    }),
    clientFactory: () => ({
      userManagement: { getJwksUrl: () => `${issuer}/jwks`, authenticateWithRefreshToken },
    }),
  })
  return {
    signIn: async (tokens) => [
      `${COOKIE}=${await sessionEncryption.sealData(sessionOf(tokens), { password: PASSWORD })}`,
    ],
    async call(cookie) {
      const { auth, refreshedSessionData } = await service.withAuth(
        new Request(ORIGIN, { headers: { cookie } }),
      )
      const setCookie = refreshedSessionData ? [`${COOKIE}=${refreshedSessionData}`] : []
      return { ok: auth.accessToken !== undefined, setCookie }
    },
  }
}

function sessionOf({ id_token: accessToken, refresh_token: refreshToken }: SignedIn) {
  return { accessToken, refreshToken, user: { id: USER } }
}
