import { loadPeer } from '../../../peers/install.ts'
import { type CreateSubject, ORIGIN, USER } from '../subject.ts'

interface BetterAuth {
  readonly betterAuth: (options: object) => {
    readonly api: { getAccessToken(input: object): Promise<{ accessToken: string }> }
  }
  readonly memoryAdapter: (database: Record<string, object[]>) => unknown
  readonly genericOAuth: (options: object) => unknown
}

/** An account of a user. The session does not matter, because the call names the user. */
export const betterAuth: CreateSubject = async ({ issuer, clientId, clientSecret }) => {
  const library = (await loadPeer('betterAuth')) as BetterAuth
  const database = { user: [] as object[], session: [], account: [] as object[], verification: [] }
  const provider = {
    providerId: 'login',
    clientId,
    clientSecret,
    authorizationUrl: `${issuer}/authorize`,
    tokenUrl: `${issuer}/token`,
  }
  const auth = library.betterAuth({
    secret: 'a secret of thirty-two characters',
    baseURL: ORIGIN,
    database: library.memoryAdapter(database),
    plugins: [library.genericOAuth({ config: [provider] })],
    logger: { disabled: true },
  })
  return {
    async signIn({ access_token, refresh_token, expires_in, scope }) {
      const times = { createdAt: new Date(), updatedAt: new Date() }
      database.user.push({
        id: USER,
        name: 'Alice',
        email: 'alice@example.com',
        emailVerified: true,
        ...times,
      })
      database.account.push({
        id: 'account-1',
        accountId: USER,
        providerId: provider.providerId,
        userId: USER,
        accessToken: access_token,
        refreshToken: refresh_token,
        accessTokenExpiresAt: new Date(Date.now() + expires_in * 1000),
        scope,
        ...times,
      })
      return []
    },
    async call() {
      const { accessToken } = await auth.api.getAccessToken({
        body: { accountId: 'account-1', userId: USER },
      })
      return { ok: accessToken !== '' }
    },
  }
}
