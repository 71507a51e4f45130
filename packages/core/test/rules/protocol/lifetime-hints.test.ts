import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { endsAt } from '../../../src/model/session-record.ts'
import { newSession } from '../../../src/model/session-transitions.ts'
import { readSessionExpiry } from '../../../src/rules/protocol/lifetime-hints.ts'
import { readTokenResponse } from '../../../src/rules/protocol/token-response.ts'
import { freshness } from '../../../src/rules/refresh/freshness.ts'

const SENT = { obtainedAt: 1_800_000_000, ahead: 50 }
const good = { access_token: 'at', refresh_token: 'rt', expires_in: 3600 }
const read = (members: object, isSignIn = false) =>
  readTokenResponse({ ...good, ...members }, SENT, {
    defaultTokenLifetimeSeconds: 300,
    tokenTypes: [],
    isSignIn,
  })
const idToken = (claims: object) => `e30.${btoa(JSON.stringify(claims)).replaceAll('=', '')}.x`

describe('the end of a grant', () => {
  it.each([
    [{}, undefined],
    [{ refresh_expires_in: 0 }, undefined],
    [{ refresh_token_expires_in: 'soon' }, undefined],
    [{ refresh_expires_in: 1800 }, 1800],
    [{ refresh_token_expires_in: '1800' }, 1800],
    [{ x_refresh_token_expires_in: 8_726_400, x_refresh_token_hard_expires_in: 157_680_000 }, 8_726_400],
    [{ refresh_expires_in: 0, refresh_token_expires_in: 60 }, 60],
    [{ refresh_token_expires_in: 0.2 }, 1],
  ])('of %j', (members, lifetime) => {
    const expected = lifetime && { at: SENT.obtainedAt + lifetime, lifetime, ahead: 50 }
    expect(read(members)?.grantExpiry).toEqual(expected)
  })

  it('of a sign-in without a refresh token is unknown', () => {
    const members = { refresh_token: undefined, refresh_expires_in: 60 }
    expect(read(members, true)?.grantExpiry).toBeUndefined()
    expect(read(members)?.grantExpiry?.lifetime).toBe(60)
  })

  it('ends the session no later than all hints specify, by the wall clock', () => {
    const seconds = fc.option(fc.integer({ min: 1, max: 200_000 }), { nil: undefined })
    fc.assert(
      fc.property(seconds, seconds, (grant, session) => {
        const claims = session === undefined ? {} : { session_expiry: SENT.obtainedAt + session }
        const response = read({ refresh_expires_in: grant }) ?? {}
        const sessionExpiry = readSessionExpiry(claims, SENT)
        const now = SENT.obtainedAt - SENT.ahead
        const base = {
          id: 'a',
          issuer: 'i',
          clientId: 'c',
          claims: {},
          expiresAt: now + 86_400,
          lifetime: 86_400,
        }
        const record = newSession(base, { ...response, sessionExpiry }, '', now)
        const hints = [86_400, grant ?? Infinity, session ?? Infinity]
        expect(endsAt(record, Infinity)).toBe(now + Math.min(...hints))
        expect(record.expiresAt - (record.lifetime ?? 0)).toBe(now)
      }),
    )
  })

  it.each([0, -1, SENT.obtainedAt, 'soon', null])('ignores the session_expiry %j', (session_expiry) => {
    expect(readSessionExpiry({ session_expiry }, SENT)).toBeUndefined()
  })

  it('is not read from an ID token that is not verified', () => {
    const response = read({ id_token: idToken({ session_expiry: SENT.obtainedAt + 60 }) })
    expect(response).not.toHaveProperty('sessionExpiry')
    expect(readSessionExpiry({ session_expiry: SENT.obtainedAt + 60 })).toBeUndefined()
  })

  it('is a number or unknown, whatever came', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (refresh_expires_in, session_expiry) => {
        const { grantExpiry } = read({ refresh_expires_in }) ?? {}
        const sessionExpiry = readSessionExpiry({ session_expiry }, SENT) ?? 1
        for (const time of [grantExpiry?.at ?? 1, sessionExpiry]) expect(Number.isFinite(time)).toBe(true)
        if (grantExpiry) expect(grantExpiry.at).toBeGreaterThan(SENT.obtainedAt)
      }),
    )
  })
})

describe('refresh_in', () => {
  const states = (refresh_in: unknown, ...ages: number[]) => {
    const token = read({ refresh_in })?.accessToken
    return ages.map((age) => token && freshness(token, SENT.obtainedAt + age, 60, 0.5))
  }

  it('moves the start of the soft window in both directions', () => {
    expect(states(1800, 1799, 1800, 3594, 3595)).toEqual(['fresh', 'soft', 'soft', 'expired'])
    expect(states(3580, 3560, 3580)).toEqual(['fresh', 'soft'])
  })

  it.each([0, -5, 'soon', 3600, 1e9])('%j is ignored', (refresh_in) => {
    expect(states(refresh_in, 3500, 3560)).toEqual(states(undefined, 3500, 3560))
  })

  it('cannot cause a refresh at every call', () => {
    expect(states(1, 359, 360)).toEqual(['fresh', 'soft'])
  })

  it('never changes when a token expires', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.integer({ min: 0, max: 4000 }), (refresh_in, age) => {
        const [moved, usual] = [states(refresh_in, age), states(undefined, age)]
        expect(moved[0] === 'expired').toBe(usual[0] === 'expired')
      }),
    )
  })
})
