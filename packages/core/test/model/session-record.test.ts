import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newSession } from '../../src/model/session-transitions.ts'
import {
  withCurrentBrowser,
  toTombstone,
  endsAt,
  isSessionRecord,
  type SessionRecord,
  touch,
} from '../../src/model/session-record.ts'
import { NOW, session } from '../rules/arbitraries.ts'

function check(test: (record: SessionRecord) => void): void {
  fc.assert(
    fc.property(session, (record) => {
      test(record)
    }),
  )
}

/** A clock that is behind must not bring the end of a session nearer. */
function laterOf({ touchedAt }: SessionRecord): number {
  return Math.max(touchedAt, NOW)
}

it('touch and withCurrentBrowser: only a touch is news to the browser', () => {
  check((record) => {
    const { browserIsCurrent: _caughtUp, ...rest } = record
    expect(touch(record, NOW)).toEqual({
      ...rest,
      touchedAt: laterOf(record),
      generation: record.generation + 1,
    })
    expect(withCurrentBrowser(record)).toEqual({ ...record, browserIsCurrent: true })
  })
})

it('S27: an ended session keeps only the data that refuses its cookie', () => {
  check((record) => {
    const { id, issuer, clientId, expiresAt, touchedAt } = record
    const kept = {
      id,
      issuer,
      clientId,
      expiresAt,
      touchedAt,
      ledger: { tokens: {}, attempt: record.ledger.attempt },
    }
    const rest = { claims: {}, ended: 'signed_out', generation: record.generation + 1 }
    expect(toTombstone(record, 'signed_out')).toEqual({ ...kept, ...rest })
  })
})

it('endsAt: after the idle time, and never later than the session may live', () => {
  const base = newSession(
    { id: '1', issuer: '', clientId: '', expiresAt: NOW + 100, claims: {} },
    {},
    '',
    NOW,
  )
  expect(endsAt(base, 60)).toBe(NOW + 60)
  expect(endsAt(base, 1000)).toBe(NOW + 100)
  expect(endsAt(touch(base, NOW + 50), 60)).toBe(NOW + 100)
})

describe('isSessionRecord', () => {
  it('knows every record again after a seal', () => {
    check((record) => expect(isSessionRecord(JSON.parse(JSON.stringify(record)))).toBe(true))
  })

  it.each(['id', 'issuer', 'clientId', 'generation', 'expiresAt', 'touchedAt', 'claims', 'ledger'])(
    'refuses a record without %s, or with an odd one',
    (name) => {
      for (const odd of [undefined, null, true]) {
        check((record) => expect(isSessionRecord({ ...record, [name]: odd })).toBe(false))
      }
    },
  )

  it.each(['attempt', 'tokens'])('refuses a ledger without %s, or with an odd one', (name) => {
    for (const odd of [undefined, null, true]) {
      check((record) => {
        const ledger = { ...record.ledger, [name]: odd }
        expect(isSessionRecord({ ...record, ledger })).toBe(false)
      })
    }
  })

  it('refuses anything else, and never throws', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(isSessionRecord(value)).toBe(false)
      }),
    )
  })
})
