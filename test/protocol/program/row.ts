import type { Host, World } from './world.ts'

/** One line of the table: what an application does with real servers. */
export interface Row {
  readonly item: string
  /** The reason for each runtime that does not allow it. */
  readonly notOn?: Partial<Record<Host['runtime'], string>>
  run(world: World): Promise<void>
}

/** Fails if a value is not the expected one. Objects are compared as JSON. */
export function same(actual: unknown, expected: unknown): void {
  const [one, other] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (one !== other) throw new Error(`Got ${one}, not ${other}`)
}

/** Runs a call that must fail, and returns the code of its error. */
export async function codeOf(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work()
  } catch (error) {
    return (error as { readonly code?: string }).code ?? String(error)
  }
  return 'no error'
}

export function times<T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => make(i)))
}
