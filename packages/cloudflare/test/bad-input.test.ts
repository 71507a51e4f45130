import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startWorkerd, type Workerd } from './workerd.mjs'

/** The first one installs workerd. */
const SET_UP_MS = 60_000

const entry = new URL('workers/misconfigured.ts', import.meta.url).pathname
const cookie = `__Host-Http-evertoken-4hq88u=${'x'.repeat(43)}`

describe('missing or wrong values in "env", on workerd', () => {
  let worker: Workerd
  const ask = (name: string) => fetch(`${worker.url}/${encodeURIComponent(name)}`, { headers: { cookie } })

  beforeAll(async () => {
    worker = await startWorkerd({
      entry,
      sessions: 'SESSIONS',
      kv: 'KV',
      services: { API: 'http://127.0.0.1:1' },
    })
  }, SET_UP_MS)
  afterAll(() => worker.close())

  it.each(['a good store', 'a memory store by choice'])('takes %s', async (name) => {
    const response = await ask(name)
    expect(await response.json()).toEqual({ signedIn: false })
  })

  it.each([
    ['no binding', 'is missing in "env", or no Durable Object: export the class "EvertokenSessions"'],
    ['Workers KV', 'is Workers KV, which can return old values'],
    ['Workers KV as the store', 'use "createDurableObjectStore"'],
    ['a service binding', 'or no Durable Object: export the class "EvertokenSessions"'],
    ['a service binding as the store', 'is not a store'],
    ['a namespace as the store', 'is not a store. Use `createDurableObjectStore`'],
    ['a D1 database', 'is a D1 database, which cannot swap records: use "createDurableObjectStore"'],
    ['a D1 database as the store', 'is a D1 database, which cannot swap records'],
    ['no base URL', 'Option `baseUrl` is undefined. Add it to `vars`'],
    ['no env', 'Cannot find the options. Pass "env" and "ctx" of the Worker on'],
    ['no store', 'Option `store` is undefined. Use `createDurableObjectStore`'],
    ['no secret', 'Option `encryptionSecret` is undefined. Add it to `vars`, with `wrangler secret put`'],
    ['no client secret', 'Option `clientSecret` is undefined. Add it to `vars`, with `wrangler secret put`'],
  ])('refuses %s at the first request, and at every other', async (name, says) => {
    for (let request = 0; request < 2; request++) {
      const response = await ask(name)
      expect(response.status).toBe(500)
      expect(await response.json()).toEqual({
        name: 'ConfigurationError',
        code: 'invalid_option',
        message: expect.stringContaining(says) as string,
      })
    }
  })
})

it('refuses a class that is not SQLite-backed', async () => {
  const worker = await startWorkerd({ minify: true, entry, sessions: 'SESSIONS', sqlite: false })
  // Without a cookie, so that no session is looked up.
  const response = await fetch(`${worker.url}/a%20good%20store`)
  const answer = await response.json()
  await worker.close()

  expect(answer).toMatchObject({
    name: 'ConfigurationError',
    message: expect.stringContaining('"new_sqlite_classes"') as string,
  })
})
