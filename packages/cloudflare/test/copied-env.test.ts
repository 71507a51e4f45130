import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Application, startApplication } from './application.ts'

const REQUESTS = 6

let application: Application
beforeEach(async () => {
  const entry = new URL('workers/copied-env.ts', import.meta.url).pathname
  application = await startApplication({ entry, services: {} })
})
afterEach(() => application.close())

async function report(path: string): Promise<unknown> {
  return (await fetch(application.worker.url + path)).json()
}

it('E8: copies of env with the same values have one engine', async () => {
  const { worker, server } = application
  for (let i = 0; i < REQUESTS; i++) await fetch(`${worker.url}/auth/login`, { redirect: 'manual' })

  expect(server.counts.discovery).toBe(1)
  expect(await report('/')).toEqual({ computed: 1, events: [] })
})

it('E8: copies with other values have another engine, which is reported once', async () => {
  for (let i = 0; i < REQUESTS; i++) await report('/?changed')

  const hint = expect.stringContaining('`env`') as string
  expect(await report('/?changed')).toEqual({
    computed: REQUESTS + 1,
    events: [{ type: 'options_recomputed', hint }],
  })
})
