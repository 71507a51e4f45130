import { cookieHeaderOf } from '@evertoken/testkit'
import { afterEach, expect, it } from 'vitest'
import { type Application, startApplication } from './application.ts'

const CALLS = 200

let application: Application | undefined
afterEach(() => application?.close())

it('I8: the tokens entry refreshes once for a burst', async () => {
  const entry = new URL('workers/tokens.ts', import.meta.url).pathname
  application = await startApplication({ entry, vars: {}, services: {} })
  const { worker, server } = application
  const tokens = await server.issue({ sub: 'user-1' })
  const started = await fetch(worker.url, { method: 'POST', body: JSON.stringify(tokens) })
  const cookie = cookieHeaderOf(started)

  const call = async () => (await fetch(worker.url, { headers: { cookie } })).text()
  const answers = await Promise.all(Array.from({ length: CALLS }, call))

  expect([...new Set(answers)]).toEqual([expect.stringMatching(/^at_/)])
  expect(answers).not.toContain(tokens.access_token)
  expect(server.counts.refresh).toBe(1)
  expect(server.maxUses()).toBe(1)
})

it('the authorization server can be checked in an invocation', async () => {
  const entry = new URL('workers/tokens.ts', import.meta.url).pathname
  application = await startApplication({ entry, vars: {}, services: {} })
  expect(await (await fetch(`${application.worker.url}/check`)).json()).toEqual([])
})
