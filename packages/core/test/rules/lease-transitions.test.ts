import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
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
import { EMPTY_LEDGER, type TokenLedger } from '../../src/model/token-ledger.ts'
import { ledger, NOW } from './arbitraries.ts'

function check(test: (each: TokenLedger) => void): void {
  fc.assert(
    fc.property(ledger, (each) => {
      test(each)
    }),
  )
}

describe('withLease', () => {
  it('starts the next attempt with beat 0, and keeps everything else', () => {
    check((each) => {
      const { doubt: _doubt, ...rest } = each
      const attempt = each.attempt + 1
      const next = withLease(each, 'me')
      expect(next).toMatchObject({ ...rest, attempt, lease: { attempt, holder: 'me', beat: 0 } })
    })
  })

  it('leaves a doubt if another process may have sent the refresh token, and only then', () => {
    check((each) => {
      const { lease: _lease, ...free } = each
      const mine = { ...each, lease: { attempt: 1, holder: 'me', beat: 0 } }
      const other = { ...each, lease: { attempt: 1, holder: 'another', beat: 0 } }
      expect(withLease(free, 'me').doubt).toBe(each.doubt)
      expect(withLease(mine, 'me').doubt).toBe(each.doubt)
      expect(withLease(other, 'me', true).doubt).toBe(each.doubt)
      const doubt = each.refreshToken === undefined ? undefined : 'unknown'
      expect(withLease(other, 'me').doubt).toBe(each.doubt ?? doubt)
    })
  })
})

it('withBeat: changes the beat, and nothing else', () => {
  check((each) => {
    const { lease } = each
    expect(withBeat(each)).toEqual(lease ? { ...each, lease: { ...lease, beat: lease.beat + 1 } } : each)
  })
})

it('withDoubt: does not forget that the server has refused the token, and doubts nothing without a token', () => {
  check((each) => {
    const doubt = each.refreshToken === undefined ? undefined : 'unknown'
    expect(withDoubt(each)).toEqual({ ...each, ...((each.doubt ?? doubt) && { doubt: each.doubt ?? doubt }) })
  })
})

it('withoutLease and withSpare: change that one member', () => {
  check((each) => {
    const { lease: _lease, ...rest } = each
    expect(withoutLease(each)).toEqual(rest)
    expect(withSpare(each, 'older')).toEqual({ ...each, spare: 'older' })
  })
})

it('withSpareInUse: the spare takes the place of the refused refresh token once, with its parameters', () => {
  check((each) => {
    const { spare, origin: _origin, refreshToken: _refreshToken, parameterBackOffs: _pauses, ...rest } = each
    const next = withSpareInUse(each)
    expect(next).toEqual({ ...rest, ...(spare !== undefined && { refreshToken: spare }) })
    expect(next.spare).toBeUndefined()
  })
})

describe('withBackOff', () => {
  it('releases the lease, and keeps the tokens', () => {
    check((each) => {
      const { lease: _lease, backOff: before, ...rest } = each
      const options = { retryAfterSeconds: 77 }
      const { backOff, ...next } = withBackOff(each, 'client_rejected', { wall: NOW }, options)
      expect(next).toEqual(rest)
      const failures = Math.min((before?.failures ?? 0) + 1, 10)
      expect(backOff).toEqual({ until: NOW + 77, seconds: 77, failures, code: 'client_rejected' })
    })
  })
})

describe('withParameterBackOff', () => {
  const refuse = (each: TokenLedger, key: string) =>
    withParameterBackOff(each, key, 'client_rejected', { wall: NOW })

  it('backs off for only one token key', () => {
    check((each) => {
      const { lease: _lease, parameterBackOffs: before = {}, ...rest } = each
      const { parameterBackOffs: after = {}, ...next } = refuse(each, 'a')
      expect(next).toEqual(rest)
      expect(after['a']?.failures).toBe(Math.min((before['a']?.failures ?? 0) + 1, 10))
      expect({ ...after, a: before['a'] }).toEqual({ ...before, a: before['a'] })
    })
  })

  it('keeps 64 keys, the newest', () => {
    const keys = Array.from({ length: 72 }, (_, i) => `k${i}`)
    const { parameterBackOffs = {} } = [...keys, 'k10'].reduce(refuse, EMPTY_LEDGER)
    expect(Object.keys(parameterBackOffs)).toEqual([...keys.slice(8).filter((key) => key !== 'k10'), 'k10'])
    expect(parameterBackOffs['k10']?.failures).toBe(2)
  })
})

it('withLastWait: the owner waits once for a response that may still arrive', () => {
  check((each) => {
    const { lease: _lease, parameterBackOffs: _refused, ...rest } = each
    const next = withLastWait(each, 'refresh_outcome_unknown', { wall: NOW }, 65)
    expect(next).toEqual({ ...rest, backOff: next.backOff, doubt: 'refused', parameterBackOffs: undefined })
    expect(next.backOff).toMatchObject({ until: NOW + 65, seconds: 65 })
  })
})

it('withoutRefreshToken: puts it aside until its revocation is confirmed, and nothing if there is none', () => {
  check((each) => {
    const { refreshToken, lease: _lease, ...rest } = each
    const next = withoutRefreshToken(each)
    if (refreshToken === undefined) expect(next).toBe(each)
    else expect(next).toEqual({ ...rest, revoking: refreshToken, isRevoked: true })

    const { revoking: _revoking, spare: _spare, ...left } = next
    expect(withRevocationConfirmed(next)).toEqual(left)
  })
})
