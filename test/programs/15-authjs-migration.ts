// An application that signs users in with Auth.js. Evertoken replaces its code that refreshes tokens.
import { Auth, type AuthConfig } from '@auth/core'
import Google from '@auth/core/providers/google'
import { createConnections, type SessionStore } from '@evertoken/node/connections'
import { google } from '@evertoken/core/providers'

declare const store: SessionStore
declare function userIdOf(request: Request): Promise<string | undefined> // reads the session of Auth.js

const scope = 'openid email https://www.googleapis.com/auth/calendar.readonly'
export const connections = createConnections({
  encryptionSecret: process.env['AUTH_SECRET'],
  store,
  owner: userIdOf,
  providers: {
    google: {
      server: google(),
      clientId: process.env['AUTH_GOOGLE_ID'] ?? '',
      clientSecret: process.env['AUTH_GOOGLE_SECRET'],
      scope,
    },
  },
})

const config: AuthConfig = {
  providers: [Google({ authorization: { params: { scope, access_type: 'offline', prompt: 'consent' } } })],
  events: {
    // `account` is a token response with `expires_at`. `user.id` is the same at the next sign-in only with a database adapter.
    async signIn({ user, account }) {
      if (account?.access_token && user.id) await connections.get(user.id, 'google').save(account)
    },
    async signOut(message) {
      if ('token' in message && message.token?.sub)
        await connections.get(message.token.sub, 'google').disconnect()
    },
  },
}
export const login = (request: Request): Promise<Response> => Auth(request, config)

// It replaces `session.accessToken`, which was as old as the last page view.
export async function events(userId: string): Promise<Response> {
  const calendar = connections
    .get(userId, 'google')
    .createTokenFetch({ baseUrl: 'https://www.googleapis.com/calendar/v3/' })
  return calendar('calendars/primary/events')
}
