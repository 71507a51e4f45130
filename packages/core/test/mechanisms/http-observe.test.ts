import { createServerAddresses } from '../../src/rules/protocol/server-addresses.ts'
import { createManualClock } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { createHttp } from '../../src/mechanisms/protocol/http.ts'
import { failureOf } from './bench.ts'

const ENDPOINT = 'https://login.example.com/token'

function createObserved(respond: () => Promise<Response>, clock = createManualClock()) {
  const seen: [string | null, number][] = []
  const observe = (headers: Headers, tripMs: number) => void seen.push([headers.get('date'), tripMs])
  const http = createHttp({
    fetch: respond,
    addresses: createServerAddresses({ issuer: 'http://localhost' }),
    clock,
    timeoutMs: 10_000,
    observe,
  })
  return { http, seen, clock }
}

describe('the report of createHttp about a response', () => {
  it('is its headers, and how long they took, not the body', async () => {
    const clock = createManualClock()
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await clock.advance(3000)
        controller.close()
      },
    })
    const { http, seen } = createObserved(async () => {
      await clock.advance(250)
      return new Response(body, { headers: { date: 'now' } })
    }, clock)
    await http(ENDPOINT)
    expect(seen).toEqual([['now', 250]])
  })

  it('includes the time for which the machine and its monotonic clock were suspended', async () => {
    const { http, seen, clock } = createObserved(async () => {
      clock.jump(3600)
      return new Response()
    })
    await http(ENDPOINT)
    expect(seen[0]?.[1]).toBeCloseTo(3_600_000)
  })

  it('is not less than the monotonic clock shows, if the wall clock goes back', async () => {
    const { http, seen, clock } = createObserved(async () => {
      clock.jump(-3600)
      await clock.advance(40)
      return new Response()
    })
    await http(ENDPOINT)
    expect(seen[0]?.[1]).toBe(40)
  })

  it('reports nothing for a request without a response, and treats the body of an error as a response', async () => {
    const down = createObserved(() => Promise.reject(new TypeError('fetch failed')))
    await failureOf(down.http(ENDPOINT))
    expect(down.seen).toEqual([])
    const error = createObserved(() => Promise.resolve(new Response('no', { status: 500 })))
    await error.http(ENDPOINT)
    expect(error.seen).toHaveLength(1)
  })
})
