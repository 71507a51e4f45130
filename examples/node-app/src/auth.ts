import { evertoken } from '@evertoken/node'
import * as events from './events.ts'

const { APP_URL, API_URL, ISSUER, CLIENT_ID, CLIENT_SECRET, SESSION_SECRET, SESSION } = process.env

export const auth = evertoken({
  issuer: ISSUER ?? '',
  clientId: CLIENT_ID ?? '',
  clientSecret: CLIENT_SECRET,
  encryptionSecret: SESSION_SECRET,
  baseUrl: APP_URL ?? '',
  resource: API_URL ?? '',
  scope: 'openid profile email offline_access orders:read profile:read',
  authorizationParameters: { prompt: 'consent' },
  session: SESSION as 'cookie' | 'server',
  onEvent: events.publish,
})

export const { getUser, getUserAccessToken, createTokenFetch, revokeRefreshToken } = auth
