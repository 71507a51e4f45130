import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { withGrant, withoutRefreshToken } from '../../../src/model/ledger-transitions.ts'
import { newSession, withLedger } from '../../../src/model/session-transitions.ts'
import { toTombstone, type SessionRecord, touch } from '../../../src/model/session-record.ts'
import { replacedBy, restore, wentBack } from '../../../src/rules/stores/store-went-back.ts'

const base = { id: 'k', issuer: 'https://login.example.com', clientId: 'web', expiresAt: 10_000, claims: {} }
const first = newSession(base, { refreshToken: 'rt0' }, '', 0)

function refreshed(record: SessionRecord, refreshToken: string): SessionRecord {
  const attempt = record.ledger.attempt + 1
  const leased = { ...record.ledger, attempt }
  const ledger = withGrant(leased, { grant: { refreshToken }, key: '', attempt }, { wall: 10 })
  return withLedger(record, ledger)
}

function atAttempt(record: SessionRecord, attempt: number): SessionRecord {
  return { ...record, ledger: { ...record.ledger, attempt } }
}

/** Any number of steps that a session takes. */
const steps = fc.array(fc.constantFrom('touch', 'refresh', 'attempt'), { maxLength: 8 })

function take(record: SessionRecord, names: readonly string[]): SessionRecord {
  return names.reduce((each, name, i) => {
    if (name === 'touch') return touch(each, i)
    return name === 'refresh' ? refreshed(each, `rt-${i}`) : atAttempt(each, each.ledger.attempt + 1)
  }, record)
}

describe('wentBack', () => {
  it('holds for no later record, and for every earlier one that differs by a step', () => {
    fc.assert(
      fc.property(steps, steps, (before, after) => {
        const earlier = take(first, before)
        const later = take(earlier, after)
        expect(wentBack(later, earlier)).toBe(false)
        expect(wentBack(earlier, later)).toBe(after.length > 0)
      }),
    )
  })

  it('holds for a record in which another process has taken the same attempt', () => {
    const leased = (holder: string, beat = 0) => ({
      ...first,
      ledger: { ...first.ledger, attempt: 1, lease: { attempt: 1, holder, beat } },
    })
    expect(wentBack(leased('b'), leased('a'))).toBe(true)
    expect(wentBack(leased('a'), leased('a', 1))).toBe(false)
    expect(wentBack(atAttempt(leased('b'), 2), leased('a'))).toBe(false)
    expect(restore(leased('b'), { record: leased('a'), replaced: undefined })).toBeUndefined()
  })

  it('holds for a session that is alive again after its end, however often it was used since', () => {
    const over = toTombstone(first, 'signed_out')
    expect(wentBack(take(first, ['touch', 'touch', 'touch', 'refresh']), over)).toBe(true)
    expect(wentBack(over, take(first, ['touch', 'touch', 'refresh']))).toBe(false)
  })
})

describe('restore', () => {
  const known = { record: refreshed(first, 'rt1'), replaced: 'rt0' }

  it('restores the later record over one with the spent refresh token', () => {
    const next = restore(first, known)
    expect(next).toMatchObject({ ledger: { refreshToken: 'rt1', attempt: 1 } })
    expect(next?.generation).toBeGreaterThan(known.record.generation)
  })

  it('takes numbers that neither branch has used', () => {
    const other = atAttempt(touch(touch(touch(first, 1), 2), 3), 7)
    const next = restore(other, known)
    expect(next).toMatchObject({
      ledger: { refreshToken: 'rt1', attempt: 7 },
      generation: other.generation + 1,
    })
  })

  it('ends a session again that this process had ended', () => {
    const over = toTombstone(first, 'signed_out')
    expect(restore(first, { record: over, replaced: undefined })).toMatchObject({ ended: 'signed_out' })
  })

  it.each<[string, SessionRecord]>([
    ['that has ended', toTombstone(first, 'signed_out')],
    ['whose refresh token was revoked', withLedger(first, withoutRefreshToken(first.ledger))],
    ['that another process has refreshed since', refreshed(first, 'rt-other')],
    ['from before an earlier refresh', withLedger(first, { ...first.ledger, refreshToken: 'rt-older' })],
  ])('leaves a record %s', (_, held) => {
    expect(restore(held, known)).toBeUndefined()
  })

  it('leaves every record when no refresh token is known to be spent', () => {
    expect(restore(first, { record: touch(first, 1), replaced: undefined })).toBeUndefined()
  })
})

describe('replacedBy', () => {
  it('is the refresh token that the write replaced, or else the one known before', () => {
    const next = refreshed(first, 'rt1')
    expect(replacedBy(first, next, undefined)).toBe('rt0')
    expect(replacedBy(next, touch(next, 1), { record: next, replaced: 'rt0' })).toBe('rt0')
    expect(replacedBy(undefined, next, { record: next, replaced: 'rt0' })).toBe('rt0')
    expect(replacedBy(first, touch(first, 1), undefined)).toBeUndefined()
  })
})
