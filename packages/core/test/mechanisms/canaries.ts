import { inspect } from 'node:util'
import { expect } from 'vitest'

/** Shaped like the credentials of this world: random text, a JWT, hex and base32 in capitals, a query. */
export const CANARIES = [
  'canary-rt-0b3fA9',
  'eyJhbGciOiJub25lIn0.eyJjYW5hcnkiOjF9.canary',
  '5CANARY0DEADBEEF5CANARY0DEADBEEF',
  'https://login.example.com/?code=canary&client_secret=canary',
]
const LEAK = /canary/i

/** Errors with a canary in every field. */
export function canaryErrors(): unknown[] {
  return CANARIES.flatMap((canary) => {
    const members = {
      code: canary,
      error: canary,
      error_description: canary,
      body: canary,
      response: { canary },
    }
    const inner = Object.assign(new Error(canary), members, { name: canary })
    const named = Object.assign(new Error(canary, { cause: inner }), members, { name: canary })
    const registered = Object.assign(new Error(canary), { error: 'invalid_grant', code: canary })
    const aggregate = new AggregateError([inner, canary], canary, { cause: canary })
    return [
      inner,
      named,
      registered,
      aggregate,
      canary,
      { ...members, name: canary, status: canary },
      [canary],
    ]
  })
}

/** No way of printing it shows a canary. */
export function expectNoCanary(...values: unknown[]): void {
  for (const value of values) {
    const shown = inspect(value, { depth: Infinity, showHidden: true, getters: true, maxStringLength: null })
    const json = JSON.stringify(value)
    const stack = value instanceof Error ? value.stack : ''
    expect(`${shown} ${json} ${String(value)} ${stack}`).not.toMatch(LEAK)
  }
}
