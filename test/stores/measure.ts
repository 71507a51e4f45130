import type { SessionStore } from '@evertoken/core'

const ROUNDS = 1000
/** As long as a sealed session commonly is. */
const RECORD_CHARACTERS = 3400

export interface Measured {
  /** Medians, in microseconds. */
  readonly read: number
  readonly swap: number
}

export async function measure(store: SessionStore): Promise<Measured> {
  const key = crypto.randomUUID()
  const expiresAt = Date.now() / 1000 + 3600
  let held: string | undefined
  const swap = await medianOf(async (i) => {
    const record = String(i).padEnd(RECORD_CHARACTERS, 'x')
    if (!(await store.swap(key, held, record, expiresAt))) throw new Error('A swap without a rival was lost')
    held = record
  })
  return { swap, read: await medianOf(() => store.read(key)) }
}

async function medianOf(work: (i: number) => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < ROUNDS; i += 1) {
    const startedAt = performance.now()
    await work(i)
    times.push((performance.now() - startedAt) * 1000)
  }
  return Math.round(times.toSorted((a, b) => a - b)[ROUNDS / 2] ?? 0)
}
