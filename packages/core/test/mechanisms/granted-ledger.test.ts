import { describe, expect, it } from 'vitest'
import { ledgerWithResponse, problemOf } from '../../src/mechanisms/refresh/granted-ledger.ts'
import type { TokenGrant } from '../../src/model/token-grant.ts'
import { EMPTY_LEDGER } from '../../src/model/token-ledger.ts'
import { tokenKey } from '../../src/model/token-parameters.ts'

const NOW = 1_800_000_000
const accessToken = { value: 'at', type: 'Bearer', obtainedAt: NOW, expiresAt: NOW + 300, scope: 'read' }
const key = tokenKey({ scope: 'read write' })

/** The ledger after the newer of two responses, while another process has the lease. */
function ledgerAfter(grant: TokenGrant) {
  const lease = { attempt: 3, holder: 'other', beat: 0 }
  const ledger = { ...EMPTY_LEDGER, refreshToken: 'older', attempt: 3, lease }
  const attempt = {
    key,
    holder: 'own',
    attempt: 2,
    from: 'hash',
    sentAt: 0,
    inDoubt: false,
    lastUse: () => 0,
  }
  const policy = { consumes: 'refresh_token', reuse: 'strict' }
  const context = { acquisition: { policy }, random: () => 0 } as never
  const problem = problemOf(grant, attempt, ledger)
  const response = { attempt, grant } as never
  return ledgerWithResponse('replace', ledger, response, problem, { wall: NOW }, context, Infinity)
}

describe('a response without a token for its callers', () => {
  it.each<[string, TokenGrant]>([
    ['less scope', { accessToken, refreshToken: 'newer' }],
    ['no access token', { refreshToken: 'newer' }],
    ['an unknown type', { unknownType: '"mac"', refreshToken: 'newer' }],
  ])('with %s leaves the lease of another process', (_what, grant) => {
    const { lease, refreshToken, spare, backOff, parameterBackOffs } = ledgerAfter(grant)
    expect(lease?.holder).toBe('other')
    expect([refreshToken, spare]).toEqual(['newer', 'older'])
    expect((backOff ?? parameterBackOffs?.[key])?.code).toBeDefined()
  })

  it('S2: stores a token with less scope under what it has, and pauses only this request', () => {
    const { tokens, backOff, parameterBackOffs } = ledgerAfter({ accessToken, refreshToken: 'newer' })
    expect(Object.keys(tokens)).toEqual([tokenKey({ scope: 'read' })])
    expect(backOff).toBeUndefined()
    expect(parameterBackOffs).toMatchObject({ [key]: { code: 'scope_not_granted' } })
  })
})
