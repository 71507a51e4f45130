import type { SessionStore } from '@evertoken/core'
import { type Evertoken, evertoken } from '@evertoken/node'
import type { Chronicle, Result } from '../chronicle.ts'
import { ORIGIN } from '../instance.ts'
import { failure, printed } from '../results.ts'
import { REQUEST_TIMEOUT_SECONDS } from '../wire.ts'
import type { CallOrder, FromProcess, Question, Setup, ToProcess } from './messages.ts'
import { createScaledClock } from './scaled-clock.ts'

/** One process of the application: its store, and the points where it can be killed, are in the process that forked it. */
const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
let asked = 0
let auth: Evertoken | undefined

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
  auth = evertoken({
    issuer,
    clientId: 'web',
    clientSecret,
    encryptionSecret: secret,
    baseUrl: ORIGIN,
    session: kind,
    store,
    fetch: reportingFetch,
    serverTimeoutSeconds: REQUEST_TIMEOUT_SECONDS,
    clock: createScaledClock(speed, since),
    onEvent: (event) => tell({ type: 'event', event }),
  })
  tell({ type: 'ready' })
}

async function call({ id, cookie, start }: CallOrder): Promise<void> {
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
      result = await session
        .getUserAccessToken()
        .then((token): Result => {
          if (!token) return { kind: 'sign_in' }
          texts.push({ where: 'a printed token', text: printed(token) })
          return { kind: 'token', token: token.value }
        })
        .catch((error: unknown) => failure(error, { texts } as Chronicle))
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
  await auth?.drain()
  process.exit()
}
// The parent process has ended.
process.on('disconnect', () => process.exit())
