import type { AccessToken, EvertokenEvent, SessionStore } from '@evertoken/core'
import { type Evertoken, evertoken } from '@evertoken/node'
import { type Connection, createConnections } from '@evertoken/node/connections'
import type { Chronicle, Result } from '../chronicle.ts'
import { connectionKey, PROVIDER } from '../connection-instance.ts'
import { ORIGIN } from '../instance.ts'
import { failure, printed } from '../results.ts'
import { REQUEST_TIMEOUT_SECONDS } from '../wire.ts'
import type { CallOrder, FromProcess, Question, Setup, ToProcess } from './messages.ts'
import { createScaledClock } from './scaled-clock.ts'

/** One process of the application: its store, and the points where it can be killed, are in the process that forked it. */
const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
let asked = 0
let auth: Evertoken | undefined
let connection: Connection | undefined
let drain: (() => Promise<unknown>) | undefined

function tell(message: FromProcess): void {
  process.send?.(message)
}

function ask(question: Question): Promise<unknown> {
  const id = (asked += 1)
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject })
    tell({ type: 'ask', id, question })
  })
}

const store: SessionStore = {
  consistency: 'strong',
  read: (...args) => ask({ about: 'store', operation: 'read', args }) as Promise<string | undefined>,
  swap: (...args) => ask({ about: 'store', operation: 'swap', args }) as Promise<boolean>,
  remove: (...args) => ask({ about: 'store', operation: 'remove', args }) as Promise<undefined>,
}

async function reportingFetch(input: Parameters<typeof fetch>[0], init: RequestInit = {}): Promise<Response> {
  const { url, method, headers, body } = new Request(input, init)
  const text = body ? await new Response(body).text() : ''
  tell({ type: 'request', url, method, headers: [...headers], body: text })
  const refreshToken = new URLSearchParams(text).get('refresh_token')
  if (refreshToken === null) return fetch(input, init)
  await ask({ about: 'send', refreshToken })
  const response = await fetch(input, init)
  const answer = await response.clone().text()
  await ask({ about: 'answer', refreshToken, status: response.status, body: answer })
  return response
}

function setUp({ kind, issuer, clientSecret, secret, speed, since, drains }: Setup): void {
  if (drains) process.once('SIGTERM', () => void stop())
  const client = { issuer, clientId: 'web', clientSecret }
  const options = {
    encryptionSecret: secret,
    baseUrl: ORIGIN,
    store,
    fetch: reportingFetch,
    serverTimeoutSeconds: REQUEST_TIMEOUT_SECONDS,
    clock: createScaledClock(speed, since),
    onEvent: (event: EvertokenEvent) => tell({ type: 'event', event }),
  }
  if (kind === 'connection') {
    const connections = createConnections({ ...options, providers: { [PROVIDER]: client } })
    connection = connections.get('user-1', PROVIDER)
    drain = connections.drain
  } else {
    auth = evertoken({ ...client, ...options, session: kind })
    drain = auth.drain
  }
  tell({ type: 'ready' })
}

async function callForOwner(owned: Connection, { id, start }: CallOrder): Promise<void> {
  const texts: { where: string; text: string }[] = []
  let result: Result | undefined
  let sessionId: string | undefined
  if (start === undefined) {
    result = await obtain(() => owned.getAccessToken(), texts)
    await ask({ about: 'response' })
  } else {
    await owned.save(start, { claims: { sub: owned.owner } })
    sessionId = await connectionKey(owned.owner)
  }
  tell({ type: 'done', id, result, sessionId, setCookies: [], texts: texts.map(({ text }) => text) })
}

async function obtain(
  request: () => Promise<AccessToken | undefined>,
  texts: { where: string; text: string }[],
): Promise<Result> {
  try {
    const token = await request()
    if (!token) return { kind: 'sign_in' }
    texts.push({ where: 'a printed token', text: printed(token) })
    return { kind: 'token', token: token.value }
  } catch (error) {
    return failure(error, { texts } as Chronicle)
  }
}

async function call(order: CallOrder): Promise<void> {
  if (connection) return callForOwner(connection, order)
  const { id, cookie, start } = order
  let result: Result | undefined
  let sessionId: string | undefined
  const texts: { where: string; text: string }[] = []
  const response = await auth?.handle(
    new Request(ORIGIN, { headers: { cookie } }),
    async (_request, session) => {
      if (start !== undefined) {
        await session.startSession(start, { claims: { sub: 'user-1' } })
        sessionId = (await session.getSession())?.id
        return new Response('done')
      }
      result = await obtain(() => session.getUserAccessToken(), texts)
      return new Response('done')
    },
  )
  if (start === undefined) await ask({ about: 'response' })
  const setCookies = response?.headers.getSetCookie() ?? []
  tell({ type: 'done', id, result, sessionId, setCookies, texts: texts.map(({ text }) => text) })
}

process.on('message', (message: ToProcess) => {
  if (message.type === 'setup') return setUp(message)
  if (message.type === 'call') return void call(message)
  const asker = waiting.get(message.id)
  waiting.delete(message.id)
  if (message.failed) asker?.reject(new Error('The store failed'))
  else asker?.resolve(message.value)
})
async function stop(): Promise<void> {
  tell({ type: 'stopping' })
  await drain?.()
  process.exit()
}
// The parent process has ended.
process.on('disconnect', () => process.exit())
