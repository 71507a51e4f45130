import { env } from 'cloudflare:workers'
import {
  createDurableObjectStore,
  evertoken,
  isEvertokenError,
  type WorkerContext,
} from '@evertoken/cloudflare'
import { type Connections, createConnections } from '@evertoken/cloudflare/connections'

export { EvertokenSessions } from '@evertoken/cloudflare'

const client = { issuer: env.ISSUER, clientId: env.CLIENT_ID, clientSecret: env.CLIENT_SECRET }

const storage = { encryptionSecret: env.SESSION_SECRET, store: createDurableObjectStore(env.SESSIONS) }

const auth = evertoken({ ...client, ...storage, session: 'server' })

const connections = createConnections({
  ...storage,
  // The owner of a connection is the user who is signed in.
  owner: async () => (await auth.getUser())?.sub,
  providers: {
    calendar: {
      ...client,
      scope: 'openid offline_access',
      onConnected: ({ owner }) => env.OWNERS.put(owner, ''),
    },
  },
  onBroken: ({ owner }) => console.log(`Write to ${owner}: connect your calendar again.`),
})

interface QueueMessage {
  readonly body: string
  retry(options: { readonly delaySeconds: number }): void
}

/** A batch fits into one request to the queue. */
const BATCH = 100

export default {
  /** Signs users in, and lets them connect their calendars. */
  fetch: auth.handler(async (request, _env, ctx) => {
    const response = connections.bind(env, ctx).route(request)
    if (response) return response
    const isSignedIn = (await auth.getUser()) !== undefined
    const [path, text] = isSignedIn
      ? ['/connections/calendar/connect', 'Connect your calendar']
      : ['/auth/login', 'Sign in']
    return new Response(`<!doctype html><title>Calendars</title><a href="${path}">${text}</a>`, {
      headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
    })
  }),

  /** Sends each owner to the queue. One invocation could not read thousands of calendars. */
  async scheduled(): Promise<void> {
    let cursor: string | undefined
    do {
      const page = await env.OWNERS.list({ limit: BATCH, cursor })
      if (page.keys.length > 0) await env.JOBS.sendBatch(page.keys.map(({ name }) => ({ body: name })))
      cursor = page.list_complete ? undefined : page.cursor
    } while (cursor !== undefined)
  },

  async queue(batch: { readonly messages: readonly QueueMessage[] }, _env: unknown, ctx: WorkerContext) {
    const bound = connections.bind(env, ctx)
    await Promise.all(batch.messages.map((message) => readCalendar(bound, message)))
  },
}

/** Reads one calendar. The queue delivers the message again after a temporary failure. */
async function readCalendar(bound: Connections<'calendar'>, message: QueueMessage): Promise<void> {
  const owner = message.body
  const calendar = bound.get(owner, 'calendar').createTokenFetch({
    baseUrl: `${env.API_URL}/calendars/`,
    throwTokenErrors: true,
  })
  try {
    const response = await calendar('primary/events')
    if (!response.ok) return message.retry({ delaySeconds: 60 })
    const { items } = (await response.json()) as { readonly items: readonly unknown[] }
    console.log(`${owner} has ${items.length} events.`)
  } catch (error) {
    if (!isEvertokenError(error)) throw error
    // The owner has disconnected it. A grant that no longer works is kept, and `onBroken` has written to the owner.
    if (error.code === 'not_connected') return env.OWNERS.delete(owner)
    if (error.name !== 'SignInRequiredError') message.retry({ delaySeconds: error.retryAfterSeconds ?? 300 })
  }
}
