import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  withBackOff,
  withBeat,
  withDoubt,
  withGrant,
  withLastWait,
  withLease,
  withNewerGrant,
  withoutLease,
  withoutRefreshToken,
  withParameterBackOff,
  withRevocationConfirmed,
  withSpare,
  withSpareInUse,
} from '../../src/model/ledger-transitions.ts'
import { jsonBytes } from '../../src/model/stored-tokens.ts'
import { EMPTY_LEDGER, type TokenLedger } from '../../src/model/token-ledger.ts'
import type { TokenGrant } from '../../src/model/token-grant.ts'
import { ledger, NOW } from '../rules/arbitraries.ts'

const access = { value: 'new', type: 'Bearer', obtainedAt: NOW, expiresAt: NOW + 300 } as const
const AT = { wall: NOW }
const origin = { from: 'hash', attempt: 1 }

function check(test: (before: TokenLedger) => void): void {
  fc.assert(
    fc.property(ledger, (before) => {
      test(before)
    }),
  )
}

/** The ledger after a response to attempt 1. */
function after(before: TokenLedger, response: TokenGrant, key = ''): TokenLedger {
  return withGrant(before, { grant: response, key, attempt: 1, origin }, AT)
}

describe('the key that tokens are bound to', () => {
  it('S18: is the same after each transition', () => {
    const proofKey = { kty: 'EC', d: 'd' }
    const newer = { grant: { accessToken: access, refreshToken: 'rt' }, key: '', attempt: 2, origin }
    const transitions: readonly ((before: TokenLedger) => TokenLedger)[] = [
      (before) => after(before, { accessToken: access, refreshToken: 'rt' }),
      (before) => after(before, {}),
      (before) => withNewerGrant(before, newer, 'holder', AT),
      (before) => withLease(before, 'holder'),
      withBeat,
      withoutLease,
      withDoubt,
      (before) => withSpare(before, 'rt'),
      withSpareInUse,
      (before) => withBackOff(before, 'refresh_outcome_unknown', AT),
      (before) => withParameterBackOff(before, 'key', 'client_rejected', AT),
      (before) => withLastWait(before, 'refresh_outcome_unknown', AT, 1),
      withoutRefreshToken,
      withRevocationConfirmed,
    ]
    check((before) => {
      for (const transition of transitions)
        expect(transition({ ...before, proofKey }).proofKey).toBe(proofKey)
    })
  })
})

describe('withGrant', () => {
  it('S1: a new refresh token replaces the old one, none keeps it', () => {
    check((before) => {
      expect(after(before, { refreshToken: 'rt' }).refreshToken).toBe('rt')
      expect(after(before, {}).refreshToken).toBe(before.refreshToken)
    })
  })

  it('keeps where the refresh token came from, and changes that only with the token', () => {
    check((before) => {
      expect(after(before, { refreshToken: 'rt' }).origin).toEqual(origin)
      expect(after(before, {}).origin).toEqual(before.origin)
    })
  })

  it('S2: a narrowed access token does not shrink what the refresh token was granted', () => {
    check((before) => {
      const next = after(before, { scope: 'less', accessToken: { ...access, scope: 'less' } })
      expect(next.scope).toBe(before.scope)
      expect(next.tokens['']?.scope).toBe('less')
    })
  })

  it('S15: keeps the access token unchanged, under its key and with its attempt', () => {
    check((before) => {
      const { rejections: _rejections, ...token } =
        after(before, { accessToken: access }, 'a').tokens['a'] ?? {}
      expect(token).toEqual({ ...access, attempt: 1 })
    })
  })

  it('keeps everything that the response does not mention, and the tokens when it brought none', () => {
    check((before) => {
      const { lease: _1, doubt: _2, spare: _3, ...rest } = before
      expect(after(before, {})).toEqual(rest)
    })
  })

  it('ends lease, doubt and spare, and the back-offs of its key when there is a token: failures without one still count', () => {
    check((before) => {
      for (const next of [after(before, { accessToken: access }), after(before, { refreshToken: 'rt' })])
        expect([next.lease, next.doubt, next.spare]).toEqual(Array(3).fill(undefined))
      const refreshed = after(before, { accessToken: access })
      const { ['']: _, ...others } = before.parameterBackOffs ?? {}
      expect(refreshed.backOff).toBeUndefined()
      expect(refreshed.parameterBackOffs ?? {}).toEqual(others)
      const { backOff, parameterBackOffs } = after(before, { refreshToken: 'rt' })
      expect([backOff, parameterBackOffs]).toEqual([before.backOff, before.parameterBackOffs])
    })
  })

  it('keeps the number of rejections of only the token that it replaces', () => {
    const before = after(EMPTY_LEDGER, { accessToken: access })
    const next = (rejected: string | undefined, key = '') =>
      withGrant(before, { grant: { accessToken: access }, key, attempt: 1, rejected }, AT).tokens[key]
    expect(next('new')?.rejections).toBe(1)
    expect(next('another')?.rejections).toBeUndefined()
    expect(next(undefined)).not.toHaveProperty('rejections')
    expect(next('new', 'k')).not.toHaveProperty('rejections')
  })

  it('a refresh without a rejection keeps the count: a success elsewhere does not start it again', () => {
    const before = { ...EMPTY_LEDGER, tokens: { '': { ...access, attempt: 0, rejections: 5 } } }
    expect(after(before, { accessToken: access }).tokens['']?.rejections).toBe(5)
  })

  it('keeps as many tokens as their bytes allow, and always the new one', () => {
    fc.assert(
      fc.property(ledger, fc.nat(2000), (before, maxTokenBytes) => {
        const response = { grant: { accessToken: access }, key: 'k', attempt: 1 }
        const { tokens } = withGrant(before, response, AT, { maxTokenBytes, lastUse: () => 0 })
        expect(tokens['k']).toBeDefined()
        expect(jsonBytes(tokens) <= maxTokenBytes || Object.keys(tokens).length === 1).toBe(true)
      }),
    )
  })
})

describe('withNewerGrant: the newer of two responses to the same refresh token', () => {
  const response = { grant: { accessToken: access, refreshToken: 'newer' }, key: '', attempt: 2, origin }

  it('keeps the refresh token of the older one as the spare', () => {
    check((before) => {
      const next = withNewerGrant(before, response, 'me', AT)
      expect([next.refreshToken, next.spare]).toEqual(['newer', before.refreshToken])
      expect(next.tokens['']?.value).toBe('new')
    })
  })

  it('ends its own lease and leaves that of another process', () => {
    check((before) => {
      const mine = { ...before, lease: { attempt: 2, holder: 'me', beat: 3 } }
      expect(withNewerGrant(mine, response, 'me', AT).lease).toBeUndefined()
      const other = { attempt: 3, holder: 'another', beat: 3 }
      expect(withNewerGrant({ ...before, lease: other }, response, 'me', AT).lease).toEqual(other)
    })
  })
})
