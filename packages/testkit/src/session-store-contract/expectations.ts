import type { SessionStore } from '@evertoken/core'

const SHOWN_CHARACTERS = 60

export function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length > SHOWN_CHARACTERS
    ? `${text.slice(0, SHOWN_CHARACTERS)}… (${text.length} characters)`
    : text
}

export function check(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise)
}

export async function expectRecord(
  store: SessionStore,
  key: string,
  expected: string | undefined,
  when: string,
): Promise<void> {
  const actual = await store.read(key)
  check(actual === expected, `read found ${shown(actual)} ${when}, where ${shown(expected)} was expected`)
}

export interface Swap {
  readonly key: string
  readonly expected?: string | undefined
  readonly record: string
  readonly expiresAt: number
}

export async function expectSwap(
  store: SessionStore,
  { key, expected, record, expiresAt }: Swap,
  answer: boolean,
  when: string,
): Promise<void> {
  const actual = await store.swap(key, expected, record, expiresAt)
  check(actual === answer, `swap answered ${shown(actual)} ${when}, where ${answer} was expected`)
}
