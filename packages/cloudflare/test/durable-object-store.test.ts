import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sessionStoreContract } from '@evertoken/testkit'
import { createMemoryStore } from '../src/index.ts'
import { startWorkerd, type Workerd } from './workerd.mjs'

/** The first one installs workerd. */
const SET_UP_MS = 60_000

describe('the Durable Object store, on workerd', () => {
  let worker: Workerd
  let results: readonly { readonly name: string; readonly problem?: string }[]

  beforeAll(async () => {
    const entry = new URL('workers/store-contract.ts', import.meta.url).pathname
    worker = await startWorkerd({ entry, sessions: 'SESSIONS' })
    results = (await (await fetch(worker.url)).json()) as typeof results
  }, SET_UP_MS)
  afterAll(() => worker.close())

  it.each(sessionStoreContract(() => createMemoryStore()).map(({ name }) => name))('%s', (name) => {
    const result = results.find((one) => one.name === name)
    expect(result).toEqual({ name })
  })
})
