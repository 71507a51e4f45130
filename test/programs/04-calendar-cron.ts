// A nightly job for users who have connected their Google calendar. It has no browser and no session.
import { isEvertokenError } from '@evertoken/node'
import { createConnections } from '@evertoken/node/connections'
import { createRedisStore } from '@evertoken/core/redis'
import { google } from '@evertoken/core/providers'

declare const redis: Parameters<typeof createRedisStore>[0]['client']
declare const db: {
  usersWithCalendar(): AsyncIterable<string>
  saveEvents(user: string, events: unknown): Promise<void>
  mail(user: string, template: 'reconnect-calendar'): Promise<void>
}

export const connections = createConnections({
  encryptionSecret: process.env['SESSION_SECRET'], // the same as the web application's, and the same store
  store: createRedisStore({ client: redis }),
  providers: {
    google: {
      server: google(),
      clientId: 'web.apps.googleusercontent.com',
      clientSecret: process.env['GOOGLE_SECRET'],
      scope: 'openid email https://www.googleapis.com/auth/calendar.readonly',
    },
  },
  onBroken: ({ owner }) => db.mail(owner, 'reconnect-calendar'), // once, when Google refuses the refresh token
})

async function sync(user: string): Promise<'done' | 'not_connected' | 'later'> {
  const calendar = connections.get(user, 'google').createTokenFetch({
    baseUrl: 'https://www.googleapis.com/calendar/v3/',
    minValiditySeconds: 120, // enough for all pages
    throwTokenErrors: true,
  })
  try {
    const response = await calendar('calendars/primary/events')
    if (!response.ok) return 'later'
    await db.saveEvents(user, await response.json())
    return 'done'
  } catch (error) {
    if (!isEvertokenError(error)) throw error
    switch (error.name) {
      case 'SignInRequiredError':
        return 'not_connected' // `onBroken` has written to the user
      case 'TryLaterError':
        return 'later'
      case 'ConfigurationError':
      case 'OperatorError':
      case 'RequestRefusedError':
        throw error // every user would fail
    }
  }
}

const running = new Set<Promise<unknown>>()
for await (const user of db.usersWithCalendar()) {
  const work = sync(user).finally(() => running.delete(work))
  running.add(work)
  if (running.size >= 50) await Promise.race(running)
}
await Promise.all(running)
await connections.drain()
