import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createBrowserFetch, isSignInRequired, watchSession, type WatchOptions } from '../src/browser.ts'

type Answer = (response: ServerResponse, count: number) => void

/** A server of pages, and the parts of a page that the helpers use. */
const asked: IncomingMessage[] = []
const arrivals = new EventEmitter()
const page = Object.assign(new EventTarget(), { hidden: false })
let answer: Answer
let url = ''

const server = createServer((request, response) => {
  answer(response, asked.push(request))
  if (!response.writableEnded) response.end('{}')
  arrivals.emit('asked')
})

beforeEach(async () => {
  answer = () => undefined
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  vi.stubGlobal('document', page)
  vi.stubGlobal('location', new URL(url))
})

function endWith(response: ServerResponse, action: string): void {
  response.writeHead(401, { 'content-type': 'application/problem+json' }).end(JSON.stringify({ action }))
}

/** The response of the user route after the session has ended. */
function endSession(response: ServerResponse): void {
  endWith(response, 'sign_in')
}

const stops: (() => void)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) stop()
  asked.length = 0
  page.hidden = false
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

async function askedTimes(times: number): Promise<void> {
  while (asked.length < times) await once(arrivals, 'asked')
}

function show(visible: boolean): void {
  page.hidden = !visible
  page.dispatchEvent(new Event('visibilitychange'))
}

/** Watches; resolves when the session ends. */
function watching(options: Partial<WatchOptions> = {}): {
  ended: Promise<void>
  stop: () => void
  ends: () => number
} {
  let ends = 0
  let stop = () => {}
  const ended = new Promise<void>((resolve) => {
    const onEnd = () => {
      ends++
      resolve()
    }
    stop = watchSession({ intervalSeconds: 0.005, ...options, onEnd })
    stops.push(stop)
  })
  return { ended, stop, ends: () => ends }
}

it('is smaller than 1 KB', async () => {
  const entry = fileURLToPath(new URL('../src/browser.ts', import.meta.url))
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
  })
  expect(outputFiles[0]?.contents.length).toBeLessThan(1024)
})

describe('createBrowserFetch', () => {
  it('S21: adds the header of the application itself, and keeps all others', async () => {
    await createBrowserFetch()(`${url}/a?b=1`, { method: 'PUT', body: 'x', headers: { 'x-trace': '1' } })
    const request = new Request(`${url}/b`, { headers: { accept: 'a/b' } })
    await createBrowserFetch()(request)

    expect(asked.map(({ method, url: path }) => `${method} ${path}`)).toEqual(['PUT /a?b=1', 'GET /b'])
    expect(asked[0]?.headers).toMatchObject({ 'x-evertoken': '1', 'x-trace': '1' })
    expect(asked[1]?.headers).toMatchObject({ 'x-evertoken': '1', accept: 'a/b' })
  })

  it('lets the browser refuse other origins', async () => {
    const modes: string[] = []
    vi.stubGlobal('fetch', (request: Request) => void modes.push(request.mode))
    await createBrowserFetch()(`${url}/a`, { mode: 'no-cors' })
    expect(modes).toEqual(['same-origin'])
  })
})

describe('watchSession', () => {
  it('asks again and again, without keeping the session alive', async () => {
    const { ends } = watching()
    await askedTimes(3)

    expect(asked[0]?.url).toBe('/auth/user?slide=false')
    expect(asked[0]?.headers).toMatchObject({ 'x-evertoken': '1', 'cache-control': 'no-cache' })
    expect(ends()).toBe(0)
  })

  it.each<[string, Answer]>([
    ['401', endSession],
    ['200 with null', (response) => void response.end('null')],
  ])('ends once, with %s', async (_what, last) => {
    answer = (response, count) => void (count < 3 || last(response, count))
    const { ended, ends } = watching({ userUrl: '/me?a=1' })
    await ended
    show(true)

    expect(asked.map(({ url: path }) => path)).toEqual(Array(3).fill('/me?a=1&slide=false'))
    expect(ends()).toBe(1)
  })

  it.each<[string, Answer]>([
    ['500', (response) => void response.writeHead(500)],
    ['503 with null', (response) => void response.writeHead(503).end('null')],
    ['a page', (response) => void response.end('<html>')],
    ['nothing', (response) => void response.destroy()],
    ['401 of a gateway', (response) => void response.writeHead(401)],
    ['401 to try again', (response) => endWith(response, 'retry')],
  ])('I7: a failure does not end the session: %s', async (_what, trouble) => {
    answer = (response, count) => (count < 4 ? trouble(response, count) : endSession(response))
    await watching().ended
    expect(asked).toHaveLength(4)
  })

  it('does not ask while the page is hidden, and asks immediately when it is visible', async () => {
    const asking = vi.spyOn(globalThis, 'fetch')
    page.hidden = true
    const { ended } = watching({ intervalSeconds: 3600 })
    show(false)
    expect(asking).not.toHaveBeenCalled()

    show(true)
    await askedTimes(1)
    answer = endSession
    show(false)
    show(true)
    await ended
    expect(asking).toHaveBeenCalledTimes(2)
  })

  it('has one timer, however often the page is shown', async () => {
    const timers = vi.spyOn(globalThis, 'setTimeout')
    const stopped = vi.spyOn(globalThis, 'clearTimeout')
    watching({ intervalSeconds: 3600 })
    for (let i = 0; i < 5; i++) show(true)
    const mine = () => timers.mock.results.filter((_result, i) => timers.mock.calls[i]?.[1] === 3_600_000)
    while (mine().length < 6) await new Promise(setImmediate)

    const cleared = new Set(stopped.mock.calls.map(([timer]) => timer))
    expect(mine().filter(({ value }) => !cleared.has(value as NodeJS.Timeout))).toHaveLength(1)
  })

  it('stops when aborted, also during a request', async () => {
    const asking = vi.spyOn(globalThis, 'fetch')
    const { stop, ends } = watching({ intervalSeconds: 3600 })
    answer = (response) => {
      stop()
      endSession(response)
    }
    await askedTimes(1)
    show(true)
    await new Promise(setImmediate)

    expect(asking).toHaveBeenCalledTimes(1)
    expect(ends()).toBe(0)
  })
})

describe('isSignInRequired', () => {
  const type = 'application/problem+json'

  it.each<[boolean, number, string, string]>([
    [true, 401, type, '{"action":"sign_in"}'],
    [true, 401, `${type}; charset=utf-8`, '{"action":"sign_in"}'],
    [false, 401, type, '{"action":"configure"}'],
    [false, 401, type, '{"action":"retry"}'],
    [false, 401, type, '{}'],
    [false, 401, type, 'null'],
    [false, 401, type, 'cut {'],
    [false, 401, 'application/json', '{"action":"sign_in"}'],
    [false, 403, type, '{"action":"sign_in"}'],
    [false, 200, type, '{"action":"sign_in"}'],
  ])('returns %s for %i, %s and %s, and leaves the body', async (isRequired, status, contentType, body) => {
    const response = new Response(body, { status, headers: { 'content-type': contentType } })
    expect(await isSignInRequired(response)).toBe(isRequired)
    expect(await response.text()).toBe(body)
  })
})
