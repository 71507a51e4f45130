import { afterEach, describe, expect, it } from 'vitest'
import { type Application, startApplication } from './application.ts'

const entry = new URL('workers/client.ts', import.meta.url).pathname
const flagsOf = { with: ['nodejs_compat'], without: [] }

let application: Application | undefined
afterEach(() => application?.close())

describe.each(['with', 'without'] as const)('on workerd, %s async context', (context) => {
  it.each(['bound', 'service'])(
    'an invocation without a request fetches as the application: %s',
    async (path) => {
      application = await startApplication({ entry, flags: flagsOf[context] })
      const { worker, authorizations, server } = application
      const token = await (await fetch(`${worker.url}/${path}`)).text()
      await fetch(`${worker.url}/${path}`)
      expect(token).toMatch(/^at_/)
      expect(authorizations).toEqual([`Bearer ${token}`, `Bearer ${token}`])
      expect(server.log.filter(({ kind }) => kind === 'token')).toHaveLength(1)
    },
  )

  it('the functions that are not bound name `bind`', async () => {
    application = await startApplication({ entry, flags: flagsOf[context] })
    const response = await fetch(`${application.worker.url}/unbound`)
    expect(await response.json()).toMatchObject({
      name: 'ConfigurationError',
      code: context === 'with' ? 'no_current_session' : 'async_context_missing',
      message: expect.stringMatching(/use the functions of `bind\(env, ctx\)`/) as string,
    })
  })
})

it('`bind` returns all functions', async () => {
  application = await startApplication({ entry })
  const names = (await (await fetch(`${application.worker.url}/names`)).json()) as string[]
  for (const name of [
    'createTokenFetch',
    'createTokenProxy',
    'getClientAccessToken',
    'getUser',
    'handle',
    'route',
  ])
    expect(names).toContain(name)
  for (const name of ['session', 'readOnlySession', 'sessionById']) expect(names).toContain(name)
})

it('a service without users needs `ctx`, which keeps its token requests alive', async () => {
  application = await startApplication({ entry })
  const response = await fetch(`${application.worker.url}/service-without-ctx`)
  expect(await response.json()).toMatchObject({
    name: 'ConfigurationError',
    message: expect.stringContaining('Pass "env" and "ctx" of the Worker on') as string,
  })
})
