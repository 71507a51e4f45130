import { describe, expect, it, vi } from 'vitest'
import {
  type AuthorizationServerOptions,
  type Fault,
  createAuthorizationServer,
  createManualClock,
} from '../../src/index.ts'
import { refresh } from './requests.ts'

/** The date of the manual clock at its start. */
const START = 'Fri, 15 Jan 2027 08:00:00 GMT'

async function startServer(options: AuthorizationServerOptions = {}, fault?: Fault) {
  const clock = createManualClock()
  const server = createAuthorizationServer({ clock, ...options })
  const { refresh_token } = await server.issue()
  if (fault) server.script('refresh', fault)
  return { clock, server, send: () => refresh(server, refresh_token) }
}

describe('Date', () => {
  it('is the time of the server on every response', async () => {
    const { server, send, clock } = await startServer()
    const dateOf = async (path: string) => (await server.fetch(server.issuer + path)).headers.get('date')
    expect([await dateOf('/jwks'), await dateOf('/unknown'), await dateOf('/token')]).toEqual([
      START,
      START,
      START,
    ])
    clock.jump(60)
    expect((await send()).headers.get('date')).toBe('Fri, 15 Jan 2027 08:01:00 GMT')
  })

  it.each([
    [300, 'Fri, 15 Jan 2027 08:05:00 GMT'],
    [false, null],
    [() => 'yesterday', 'yesterday'],
    [() => undefined, null],
    [(_: unknown, honest: string) => `${honest} or so`, `${START} or so`],
  ] as const)('follows the option: %s', async (date, expected) => {
    const { send } = await startServer({ date })
    expect((await send()).headers.get('date')).toBe(expected)
  })

  it('is the time when a late response was generated', async () => {
    const { clock, send } = await startServer({}, { type: 'delay', ms: 60_000, when: 'after' })
    const sent = send()
    await vi.waitUntil(() => clock.pending > 0)
    await clock.advance(60_000)
    const response = await sent
    expect([response.headers.get('date'), clock.elapsed()]).toEqual([START, 60_000])
  })

  it('is the time of the processing if that is late', async () => {
    const { clock, send } = await startServer({}, { type: 'delay', ms: 60_000, when: 'before' })
    const [response] = await Promise.all([send(), clock.advance(60_000)])
    expect(response.headers.get('date')).toBe('Fri, 15 Jan 2027 08:01:00 GMT')
  })

  it('is on failures, and that of a scripted response wins', async () => {
    const failed = await startServer({}, { type: 'status', status: 503 })
    expect((await failed.send()).headers.get('date')).toBe(START)
    const scripted = await startServer({}, { type: 'response', headers: { date: 'soon', age: '-1' } })
    const { headers } = await scripted.send()
    expect([headers.get('date'), headers.get('age')]).toEqual(['soon', '-1'])
  })

  it('is not added by Node over real sockets', async () => {
    const { server } = await startServer({ date: false })
    const { url, close } = await server.listen()
    expect((await fetch(`${url}/jwks`)).headers.get('date')).toBeNull()
    await close()
  })
})

describe('Age', () => {
  it.each([
    [undefined, null],
    [30, '30'],
    [() => 'old', 'old'],
  ] as const)('follows the option: %s', async (age, expected) => {
    const { send } = await startServer(age === undefined ? {} : { age })
    expect((await send()).headers.get('age')).toBe(expected)
  })
})

it('counts requests even without a log', async () => {
  const { server, send } = await startServer({ keepLog: false })
  await send()
  await send()
  expect([server.log.length, server.counts.refresh, server.maxUses()]).toEqual([0, 2, 2])
})
