import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  newSession,
  withBackOff,
  withBeat,
  withDoubt,
  withLastWait,
  withLease,
  withoutLease,
  withoutRefreshToken,
  withParameterBackOff,
  withRevocationConfirmed,
  withSpare,
  withSpareInUse,
} from '../../src/model/ledger-transitions.ts'
import type { SessionRecord } from '../../src/model/session-record.ts'
import { NOW, session } from './arbitraries.ts'

function check(test: (record: SessionRecord) => void): void {
  fc.assert(
    fc.property(session, (record) => {
      test(record)
    }),
  )
}

const empty = newSession({ id: '1', issuer: '', expiresAt: NOW, claims: {} }, {}, '', NOW)

describe('withLease', () => {
  it('starts the next attempt with beat 0, and keeps everything but that the browser has caught up', () => {
    check((record) => {
      const { caughtUp: _caughtUp, doubt: _doubt, ...rest } = record
      const attempt = record.attempt + 1
      const next = withLease(record, 'me')
      expect(next).toMatchObject({ ...rest, attempt, lease: { attempt, holder: 'me', beat: 0 } })
      expect(next.caughtUp).toBeUndefined()
    })
  })

  it('leaves a doubt if another process may have sent the refresh token, and only then', () => {
    check((record) => {
      const { lease: _lease, ...free } = record
      const mine = { ...record, lease: { attempt: 1, holder: 'me', beat: 0 } }
      const other = { ...record, lease: { attempt: 1, holder: 'another', beat: 0 } }
      expect(withLease(free, 'me').doubt).toBe(record.doubt)
      expect(withLease(mine, 'me').doubt).toBe(record.doubt)
      expect(withLease(other, 'me', true).doubt).toBe(record.doubt)
      expect(withLease(other, 'me').doubt).toBe(record.doubt ?? 'unknown')
    })
  })
})

it('withBeat: changes the beat, and nothing else', () => {
  check((record) => {
    const { lease } = record
    expect(withBeat(record)).toEqual(
      lease ? { ...record, lease: { ...lease, beat: lease.beat + 1 } } : record,
    )
  })
})

it('withDoubt: does not forget that the server has refused the token', () => {
  check((record) => expect(withDoubt(record)).toEqual({ ...record, doubt: record.doubt ?? 'unknown' }))
})

it('withoutLease and withSpare: change that one member', () => {
  check((record) => {
    const { lease: _lease, ...rest } = record
    expect(withoutLease(record)).toEqual(rest)
    expect(withSpare(record, 'older')).toEqual({ ...record, spare: 'older' })
  })
})

it('withSpareInUse: the spare takes the place of the refused refresh token once, and every browser receives it', () => {
  check((record) => {
    const { spare, origin: _origin, caughtUp: _caughtUp, refreshToken: _refreshToken, ...rest } = record
    const next = withSpareInUse(record)
    const generation = record.generation + 1
    expect(next).toEqual({ ...rest, generation, ...(spare !== undefined && { refreshToken: spare }) })
    expect(next.spare).toBeUndefined()
  })
})

describe('withBackOff', () => {
  it('gives the lease back, and keeps tokens and generation', () => {
    check((record) => {
      const { lease: _lease, backOff: before, ...rest } = record
      const options = { retryAfterSeconds: 77 }
      const { backOff, ...next } = withBackOff(record, 'client_rejected', { wall: NOW }, options)
      expect(next).toEqual(rest)
      const failures = Math.min((before?.failures ?? 0) + 1, 10)
      expect(backOff).toEqual({ until: NOW + 77, seconds: 77, failures, code: 'client_rejected' })
    })
  })
})

describe('withParameterBackOff', () => {
  const refuse = (record: SessionRecord, key: string) =>
    withParameterBackOff(record, key, 'client_rejected', { wall: NOW })

  it('backs off for one token key, and leaves the others and the session alone', () => {
    check((record) => {
      const { lease: _lease, parameterBackOffs: before = {}, ...rest } = record
      const { parameterBackOffs: after = {}, ...next } = refuse(record, 'a')
      expect(next).toEqual(rest)
      expect(after['a']?.failures).toBe(Math.min((before['a']?.failures ?? 0) + 1, 10))
      expect({ ...after, a: before['a'] }).toEqual({ ...before, a: before['a'] })
    })
  })

  it('keeps 32 keys, the newest', () => {
    const keys = Array.from({ length: 40 }, (_, i) => `k${i}`)
    const { parameterBackOffs = {} } = [...keys, 'k10'].reduce(refuse, empty)
    expect(Object.keys(parameterBackOffs)).toEqual([...keys.slice(8).filter((key) => key !== 'k10'), 'k10'])
    expect(parameterBackOffs['k10']?.failures).toBe(2)
  })
})

it('withLastWait: the session waits once for a response that may still arrive', () => {
  check((record) => {
    const { lease: _lease, ...rest } = record
    const next = withLastWait(record, 'refresh_outcome_unknown', { wall: NOW }, 65)
    expect(next).toEqual({ ...rest, backOff: next.backOff, doubt: 'refused' })
    expect(next.backOff).toMatchObject({ until: NOW + 65, seconds: 65 })
  })
})

it('withoutRefreshToken: puts it aside until its revocation is confirmed, and nothing if there is none', () => {
  check((record) => {
    const { refreshToken, lease: _lease, caughtUp: _caughtUp, ...rest } = record
    const next = withoutRefreshToken(record)
    if (refreshToken === undefined) expect(next).toBe(record)
    else expect(next).toEqual({ ...rest, revoking: refreshToken, generation: record.generation + 1 })

    const { revoking: _revoking, spare: _spare, caughtUp: _later, ...left } = next
    expect(withRevocationConfirmed(next)).toEqual({ ...left, generation: next.generation + 1 })
  })
})
