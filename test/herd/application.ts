import { cookieHeaderOf } from '@evertoken/testkit'
import { inspect } from 'node:util'
import {
  evertoken,
  type Evertoken,
  type EvertokenEvent,
  type RedactedCause,
  type EvertokenError,
  TryLaterError,
} from '@evertoken/node'
import type { FromApplication, HerdResult, HerdSetup, ToApplication } from './messages.ts'
import { runDelayMs } from './run-delay.ts'

/** The application, in its own process: users come back when they are asked to. */
const ORIGIN = 'https://app.example.com/'
const SAMPLE_MS = 20
/** A client adds up to this share to the time that it was given, so that it does not come with all the others. */
const CLIENT_JITTER = 0.3

const cookies: string[] = []
let auth: Evertoken | undefined
/** When the last refresh was in the store. */
let refreshedAt = 0
const troubles: Record<string, number> = {}

function note(event: EvertokenEvent): void {
  if (event.type === 'token_refreshed') refreshedAt = performance.now()
  if (!['refresh_failed', 'refresh_token_lost', 'session_ended', 'lease_expired'].includes(event.type)) return
  const { reason, code, cause } = event as { reason?: string; code?: string; cause?: RedactedCause }
  const name = [event.type, reason, code, cause?.name, cause?.code, cause?.status].filter(Boolean).join(' ')
  troubles[name] = (troubles[name] ?? 0) + 1
}

async function setUp({ issuer, serverTimeoutSeconds, tokens }: HerdSetup): Promise<void> {
  auth = evertoken({
    issuer,
    clientId: 'web',
    clientSecret: 'web-secret-for-tests-only',
    encryptionSecret: 'a secret of thirty-two characters',
    baseUrl: ORIGIN,
    session: 'server',
    serverTimeoutSeconds,
    onEvent: note,
  })
  for (const [index, response] of tokens.entries()) {
    const session = auth.session(new Request(ORIGIN))
    await session.startSession(response, { claims: { sub: `user-${index}` } })
    const { headers } = await session.commit(new Response())
    cookies.push(cookieHeaderOf({ headers }))
  }
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

const openSockets = () =>
  process.getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap').length

async function run(spreadMs: number, limitMs: number): Promise<HerdResult> {
  const startedAt = performance.now()
  const cpu = process.cpuUsage()
  const waits: number[] = []
  const delay = runDelayMs()
  let [servedMs, postponed, failed, mostSockets] = [0, 0, 0, 0]
  const sampling = setInterval(() => {
    mostSockets = Math.max(mostSockets, openSockets())
  }, SAMPLE_MS)

  /** One request. Resolves to the seconds after which the client can come back, or to the token. */
  async function call(cookie: string): Promise<{ token: string | null } | { retryAfterSeconds: number }> {
    const calledAt = performance.now()
    let result: { token: string | null } | { retryAfterSeconds: number } = { retryAfterSeconds: 1 }
    const request = new Request(ORIGIN, { headers: { cookie } })
    await auth?.handle(request, async (_request, session) => {
      try {
        result = { token: (await session.getUserAccessToken())?.value ?? null }
      } catch (error) {
        if (error instanceof TryLaterError) postponed++
        else failed++
        const { retryAfterSeconds = 1 } = error as EvertokenError
        result = { retryAfterSeconds }
      }
      return new Response('done')
    })
    waits.push(performance.now() - calledAt)
    return result
  }

  async function visit(cookie: string): Promise<string | null | undefined> {
    await sleep(Math.random() * spreadMs)
    while (performance.now() - startedAt < limitMs) {
      const result = await call(cookie)
      if ('token' in result) {
        servedMs = performance.now() - startedAt
        return result.token
      }
      await sleep(result.retryAfterSeconds * 1000 * (1 + Math.random() * CLIENT_JITTER))
    }
    return undefined
  }

  const tokens = await Promise.all(cookies.map(visit))
  clearInterval(sampling)
  const { user, system } = process.cpuUsage(cpu)
  return {
    tokens,
    waits,
    drainedMs: refreshedAt - startedAt,
    servedMs,
    postponed,
    failed,
    troubles,
    mostSockets,
    cpuMs: (user + system) / 1000,
    starvedMs: runDelayMs() - delay,
  }
}

function send(message: FromApplication): void {
  process.send?.(message)
}

async function respond(message: ToApplication): Promise<void> {
  if ('setUp' in message) {
    await setUp(message.setUp)
    return send({ ready: true })
  }
  send({ result: await run(message.run.spreadMs, message.run.limitMs) })
}

process.on('message', (message: ToApplication) => {
  respond(message).catch((error: unknown) => {
    process.stderr.write(`${inspect(error)}\n`)
    process.exit(1)
  })
})
// The process that started this one is gone.
process.on('disconnect', () => process.exit())
