import { createMemoryStore } from '@evertoken/core'
import { endSessions, listSessions } from '@evertoken/core/sessions'
import { signInChoices, tenants } from '@evertoken/core/tenants'
import { evertoken } from '@evertoken/node'
import { createBrowser } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { createServers, registrationAt, SECRET } from './registrations.ts'

const SUB = 'user-1'
const NAMES = ['google', 'microsoft'] as const
const kinds = [
  { kind: 'choices', hostOf: () => 'app.example', loginOf: (name: string) => `/auth/login/${name}` },
  { kind: 'tenants', hostOf: (name: string) => `${name}.app.example`, loginOf: () => '/auth/login' },
]

/** Signs in a user with the same `sub` at two servers. */
async function start({ kind, hostOf, loginOf }: (typeof kinds)[number]) {
  const { a, b, clock, fetch } = createServers()
  const table = { google: registrationAt(a), microsoft: registrationAt(b) }
  const registrations =
    kind === 'choices'
      ? signInChoices(table)
      : tenants({
          nameOf: ({ url }) => new URL(url).hostname.split('.')[0],
          load: async (name) => table[name as keyof typeof table],
        })
  const auth = evertoken({
    registrations,
    encryptionSecret: SECRET,
    session: 'server',
    indexSessions: true,
    store: { ...createMemoryStore({ clock }), outlivesProcess: true },
    clock,
    fetch,
  })
  const users = await Promise.all(
    NAMES.map(async (name) => {
      const baseUrl = `https://${hostOf(name)}`
      const browser = createBrowser({ baseUrl, clock, authorizationServer: { fetch } })
      await browser.signIn(auth.handler(), { loginUrl: loginOf(name), user: SUB })
      /** Runs code in a request of the user. */
      async function run<T>(work: () => Promise<T>): Promise<T> {
        let result: { readonly value: T } | undefined
        const app = auth.handler(async () => {
          result = { value: await work() }
          return new Response()
        })
        const response = await browser.fetch(app, '/')
        if (!result) throw new Error(`The request failed with ${response.status}`)
        return result.value
      }
      return { run, id: (await run(() => auth.getSession()))?.id ?? '' }
    }),
  )
  const active = () =>
    Promise.all(users.map(async ({ run }) => (await run(() => auth.getUser())) !== undefined))
  const [google, microsoft] = users as [(typeof users)[number], (typeof users)[number]]
  return { auth, google, microsoft, active }
}

describe.each(kinds)('the sessions of a user, $kind', (options) => {
  it('in a request, are those of its registration', async () => {
    const { auth, google, active } = await start(options)
    const list = await google.run(() => listSessions(auth, { sub: SUB }))
    expect(list.map(({ id, registration }) => [id, registration])).toEqual([[google.id, 'google']])
    expect(await google.run(() => endSessions(auth, { sub: SUB, except: google.id }))).toBe(0)
    expect(await google.run(() => endSessions(auth, { sub: SUB }))).toBe(1)
    expect(await active()).toEqual([false, true])
  })

  it('are those of the registration that the caller names, also outside a request', async () => {
    const { auth, google, microsoft, active } = await start(options)
    const named = { sub: SUB, registration: 'microsoft' }
    expect((await listSessions(auth, named)).map(({ id }) => id)).toEqual([microsoft.id])
    expect(await google.run(() => endSessions(auth, named))).toBe(1)
    expect(await active()).toEqual([true, false])
    expect(await endSessions(auth, { ...named, registration: 'google' })).toBe(1)
  })

  it('are those of the registration in the ID of a session', async () => {
    const { auth, google, microsoft, active } = await start(options)
    expect(await endSessions(auth, { sub: SUB, except: google.id })).toBe(0)
    expect(await endSessions(auth, { sub: SUB, id: google.id, registration: 'microsoft' })).toBe(0)
    expect(await google.run(() => endSessions(auth, { sub: SUB, id: microsoft.id }))).toBe(1)
    expect(await active()).toEqual([true, false])
    expect(await endSessions(auth, { sub: SUB, id: google.id })).toBe(1)
  })

  it('need a registration, and a known one', async () => {
    const { auth } = await start(options)
    const invalid = { name: 'ConfigurationError', code: 'invalid_option' }
    for (const work of [listSessions, endSessions]) {
      await expect(work(auth, { sub: SUB })).rejects.toMatchObject(invalid)
      await expect(work(auth, { sub: SUB })).rejects.toThrow('`registration`')
      await expect(work(auth, { sub: SUB, registration: '' })).rejects.toMatchObject(invalid)
      await expect(work(auth, { sub: SUB, registration: 'other' })).rejects.toMatchObject({
        code: 'tenant_unknown',
      })
    }
  })
})

it('an application with one registration has no name for it', async () => {
  const { a } = createServers()
  const store = createMemoryStore()
  const auth = evertoken({ ...registrationAt(a), encryptionSecret: SECRET, indexSessions: true, store })
  await expect(listSessions(auth, { sub: SUB, registration: 'google' })).rejects.toThrow('`registrations`')
  expect(await endSessions(auth, { sub: SUB, id: 'key.google' })).toBe(0)
})
