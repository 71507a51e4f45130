import { createManualClock } from '@evertoken/testkit'
import { expect, it } from 'vitest'
import { revokeSession } from '../../src/handlers/revocation.ts'
import { endedUnfinished, finished, hasTokensToRevoke } from '../../src/rules/session-end.ts'
import type { SessionRecord } from '../../src/rules/session-record.ts'
import { createRecord } from '../mechanisms/bench.ts'

const record = createRecord(0, { spare: 'rt-spare' })

async function revokedOf(session: SessionRecord, revoke: boolean): Promise<string[]> {
  const revoked: string[] = []
  const server = {
    ready: async () => undefined,
    refresh: () => Promise.reject(new Error('not expected')),
    isResponding: async () => true,
    async revoke(token: string) {
      revoked.push(token)
      return 'revoked' as const
    },
  }
  const options = { revoke, emit: () => undefined, clock: createManualClock() }
  expect(await revokeSession(server, session.id, session, options)).toBe(true)
  return revoked
}

it('a sign-out revokes the spare refresh token too, as long as it is not confirmed', async () => {
  expect(await revokedOf(record, true)).toEqual(['rt', 'rt-spare'])
  expect(await revokedOf(record, false)).toEqual([])
  const tombstone = endedUnfinished(record, 'signed_out', true)
  expect(await revokedOf(tombstone, true)).toEqual(['rt', 'rt-spare'])
  const failed = finished(tombstone, false)
  expect([hasTokensToRevoke(failed), await revokedOf(failed, true)]).toEqual([true, ['rt', 'rt-spare']])
  const done = finished(tombstone, true)
  expect([hasTokensToRevoke(done), await revokedOf(done, true)]).toEqual([false, []])
  expect(endedUnfinished(record, 'signed_out', false).spare).toBeUndefined()
})
