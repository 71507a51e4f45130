import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type Fault,
  type Listening,
  createAuthorizationServer,
  pauseBeforeProcessing,
} from '../../src/index.ts'
import { refresh as send } from './requests.ts'

const reuse = { graceSeconds: 60 }
let server = createAuthorizationServer({ reuse })
let listening: Listening
let token: string | undefined

beforeEach(async () => {
  server = createAuthorizationServer({ reuse })
  listening = await server.listen()
  token = (await server.issue({ sub: 'ada' })).refresh_token
})
afterEach(() => listening.close())

function refresh(fault?: Fault, init?: RequestInit) {
  if (fault) server.script('refresh', fault)
  return send(server, token, {}, { fetch: globalThis.fetch, ...(init && { init }) })
}

describe('over sockets', () => {
  it('the address is the issuer', async () => {
    expect(listening.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    const metadata = await (await fetch(`${listening.url}/.well-known/oauth-authorization-server`)).json()
    expect(metadata).toMatchObject({ issuer: listening.url, token_endpoint: `${listening.url}/token` })
    expect((await refresh()).ok).toBe(true)
  })

  it.each([true, false])('a reset destroys the socket, processed: %s', async (processed) => {
    await expect(refresh({ type: 'reset', processed })).rejects.toMatchObject({
      name: 'TypeError',
      cause: { code: 'ECONNRESET' },
    })
    expect(server.grants.currentRefreshToken('ada') !== token).toBe(processed)
    expect((await refresh()).ok).toBe(true)
  })

  it('headers and half a body arrive, and then silence', async () => {
    const caller = new AbortController()
    const response = await refresh({ type: 'hangBody' }, { signal: caller.signal })
    const reader = response.body?.getReader()
    expect((await reader?.read())?.value?.length).toBeGreaterThan(50)
    const more = reader?.read()
    caller.abort()
    await expect(more).rejects.toThrow(/abort/i)
  })

  it('a silent server releases its callers', async () => {
    const pause = pauseBeforeProcessing()
    const caller = new AbortController()
    const response = refresh(pause, { signal: caller.signal })
    await pause.reached
    caller.abort()
    await expect(response).rejects.toThrow(/abort/i)
  })

  it('bytes trickle', async () => {
    const response = await refresh({ type: 'trickle', everyMs: 1 })
    const chunks: number[] = []
    for await (const chunk of response.body ?? []) chunks.push(chunk.length)
    expect(chunks.length).toBeGreaterThan(20)
  })

  it('ten megabytes arrive, or the part that is read', async () => {
    expect((await (await refresh({ type: 'body', body: 'huge' })).text()).length).toBeGreaterThan(10_000_000)
    await (await refresh({ type: 'body', body: 'huge' })).body?.cancel()
    expect((await refresh()).ok).toBe(true)
  })

  it('statuses and redirects are as in memory', async () => {
    const empty = await refresh({ type: 'status', status: 400 })
    expect([empty.headers.get('content-type'), await empty.text()]).toEqual([null, ''])
    const redirect = await refresh({ type: 'redirect', to: 'https://elsewhere.example/token' })
    expect([redirect.status, redirect.headers.get('location')]).toEqual([
      307,
      'https://elsewhere.example/token',
    ])
  })

  it('close cuts who still waits, and the port can be taken again', async () => {
    const pause = pauseBeforeProcessing()
    const response = refresh(pause)
    response.catch(() => {})
    await pause.reached
    await listening.close()
    await expect(response).rejects.toThrow(TypeError)
    await expect(refresh()).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
    listening = await server.listen(Number(new URL(listening.url).port))
    expect((await refresh()).ok).toBe(true)
  })
})
