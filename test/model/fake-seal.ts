import type { Seal } from '../../packages/core/src/mechanisms/sessions/seal.ts'
import type { Commit } from './history.ts'

/** Sealing is not under test: each text is a number, unlike every other, under which the value is kept. */
export function createFakeSeal(): {
  readonly seal: Seal
  readonly recordOf: (sealed: string) => NonNullable<Commit['record']>
} {
  const values: object[] = []
  const at = (sealed: string) => values[Number(sealed)]
  return {
    recordOf: (sealed) => at(sealed) as NonNullable<Commit['record']>,
    seal: {
      seal: (value) => Promise.resolve(String(values.push(value) - 1)),
      unseal(sealed) {
        const value = at(sealed)
        return Promise.resolve(value ? { value } : { rejected: 'malformed' })
      },
      keyIds: () => Promise.resolve(['fake']),
    },
  }
}
