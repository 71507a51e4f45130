import type { Seal } from '../../packages/core/src/mechanisms/sessions/seal.ts'
import type { SessionRecord } from '../../packages/core/src/model/session-record.ts'

/** Sealing is not under test: each text is a number, unlike every other, under which the value is kept. */
export function createFakeSeal(): {
  readonly seal: Seal
  readonly recordOf: (sealed: string) => SessionRecord
} {
  const values: object[] = []
  const at = (sealed: string) => values[Number(sealed)]
  return {
    recordOf: (sealed) => at(sealed) as SessionRecord,
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
