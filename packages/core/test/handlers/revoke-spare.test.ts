import { createManualClock } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { revokeRefreshToken, revokeSession } from '../../src/mechanisms/sessions/revocation.ts'
import { toUnfinishedTombstone, toFinishedTombstone, hasTokensToRevoke } from '../../src/model/session-end.ts'
import type { SessionRecord } from '../../src/model/session-record.ts'
import { createServerStrategy } from '../../src/mechanisms/sessions/server-sessions.ts'
import { createAuthorizationServers } from '../../src/mechanisms/protocol/authorization-servers.ts'
import type { TokenServer } from '../../src/ports/authorization-server.ts'
import type { RevocationOutcome } from '../../src/vocabulary/index.ts'
import { asleep, createBench, createRecord, IDLE, REGISTRATION } from '../mechanisms/bench.ts'

const record = createRecord(0, {}, { spare: 'rt-spare' })

async function revokedOf(session: SessionRecord, revoke: boolean): Promise<string[]> {
  const revoked: string[] = []
  const server = {
    registration: REGISTRATION,
    ready: async () => undefined,
    refresh: () => Promise.reject(new Error('not expected')),
    isResponding: async () => true,
    async revoke(token: string) {
      revoked.push(token)
      return 'revoked' as const
    },
  }
  const options = { revoke, emit: () => undefined, clock: createManualClock() }
  expect(await revokeSession(createAuthorizationServers([server]), session.id, session, options)).toBe(true)
  return revoked
}

it('a sign-out revokes the spare refresh token too, as long as it is not confirmed', async () => {
  expect(await revokedOf(record, true)).toEqual(['rt', 'rt-spare'])
  expect(await revokedOf(record, false)).toEqual([])
  const tombstone = toUnfinishedTombstone(record, 'signed_out', true)
  expect(await revokedOf(tombstone, true)).toEqual(['rt', 'rt-spare'])
  const failed = toFinishedTombstone(tombstone, false)
  expect([hasTokensToRevoke(failed.ledger), await revokedOf(failed, true)]).toEqual([
    true,
    ['rt', 'rt-spare'],
  ])
  const done = toFinishedTombstone(tombstone, true)
  expect([hasTokensToRevoke(done.ledger), await revokedOf(done, true)]).toEqual([false, []])
  expect(toUnfinishedTombstone(record, 'signed_out', false).ledger.spare).toBeUndefined()
})

it.each([
  ['is confirmed', 'revoked', undefined],
  ['fails', 'failed', 'rt-spare'],
] as const)('revokeRefreshToken() revokes the spare too; its revocation %s', async (_how, ofSpare, left) => {
  const bench = createBench()
  const kind = createServerStrategy({ ...bench, idleTimeoutSeconds: IDLE })
  const base = createRecord(bench.clock.now(), {}, { spare: 'rt-spare' })
  const { handle } = await kind.create(
    async (id) => ({ ...base, id }),
    () => undefined,
  )
  const session = { find: async () => handle, observe: () => undefined, beforeChange: () => undefined }
  const server: TokenServer = {
    registration: REGISTRATION,
    ready: async () => undefined,
    refresh: () => Promise.reject(new Error('not expected')),
    isResponding: async () => true,
    revoke: async (token) => (token === 'rt-spare' ? ofSpare : 'revoked'),
  }
  const servers = createAuthorizationServers([server])
  const outcome = await revokeRefreshToken(session, servers, () => undefined)
  expect([outcome, (await handle.readIncludingEnded())?.record.ledger.spare]).toEqual([ofSpare, left])
})

describe("with `revokeOnLogout: 'all'`", () => {
  /** Ends a session with these access tokens. Each response of the server is that of the last rule that matches. */
  async function endAll(
    accessTokens: readonly string[],
    outcomes: Readonly<Record<string, RevocationOutcome>>,
    refusesEndedTokens: boolean,
    revoked?: Set<string>,
  ) {
    const clock = createManualClock()
    const sent: string[] = []
    const [first] = Object.values(record.ledger.tokens)
    const tokens = Object.fromEntries(accessTokens.map((value, i) => [`${i}`, { ...first!, value }]))
    const server: TokenServer = {
      registration: REGISTRATION,
      ready: async () => undefined,
      refresh: () => Promise.reject(new Error('not expected')),
      isResponding: async () => true,
      refusesEndedTokens,
      async revoke(token, hint) {
        sent.push(`${hint} ${token}`)
        return outcomes[token] ?? 'revoked'
      },
    }
    const session = createRecord(0, {}, { tokens })
    const options = { revoke: 'all', emit: () => undefined, clock } as const
    const work = revokeSession(createAuthorizationServers([server]), session.id, session, options, revoked)
    // The pauses between the tries of failed requests.
    for (let i = 0; i < 8; i++) {
      await asleep(clock, work)
      await clock.advance(20_000)
    }
    return { isRevoked: await work, sent: [...new Set(sent)] }
  }

  it('revokes each value once', async () => {
    const { isRevoked, sent } = await endAll(['rt', 'at', 'at'], {}, false)
    expect({ isRevoked, sent }).toEqual({ isRevoked: true, sent: ['refresh_token rt', 'access_token at'] })
  })

  it('revokes no access token that has ended with its grant, if the server refuses that', async () => {
    const revoked = new Set<string>()
    const refused = { at: 'failed' } as const
    expect(await endAll(['at'], refused, true, revoked)).toEqual({
      isRevoked: true,
      sent: ['refresh_token rt'],
    })
    expect(await endAll(['at'], refused, true, revoked)).toEqual({ isRevoked: true, sent: [] })
    expect((await endAll(['at'], refused, false)).isRevoked).toBe(false)
  })

  it('still revokes the access tokens if the refresh token cannot be revoked', async () => {
    const both = ['refresh_token rt', 'access_token at']
    for (const rt of ['unsupported', 'failed'] as const) {
      const isRevoked = rt === 'unsupported'
      expect(await endAll(['at'], { rt }, true)).toEqual({ isRevoked, sent: both })
    }
  })
})
