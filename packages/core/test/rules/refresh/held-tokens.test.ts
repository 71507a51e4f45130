import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { StoredToken } from '../../../src/model/stored-tokens.ts'
import { tokenKey } from '../../../src/model/token-parameters.ts'
import { decide, type RefreshPolicy } from '../../../src/rules/refresh/decide.ts'
import { freshness, isValidFor } from '../../../src/rules/refresh/freshness.ts'
import { NOW } from '../arbitraries.ts'

const AT = { wall: NOW }
const policy: RefreshPolicy = {
  consumes: 'refresh_token',
  reuse: 'strict',
  refreshBeforeExpirySeconds: 60,
  serveDuringRefresh: true,
}

const left = fc.integer({ min: -100, max: 1000 })
const scopes = fc.subarray(['a', 'b', 'c'])
const resource = fc.subarray(['https://a'])
const request = fc.record({ resource, scope: scopes.map((each) => each.join(' ')) })
const heldToken = fc.tuple(request, left, fc.option(scopes, { nil: undefined }))
const held = fc.uniqueArray(heldToken, { maxLength: 6, selector: ([each]) => tokenKey(each) })

function tokenOf(value: string, seconds: number, scope?: string): StoredToken {
  const times = { obtainedAt: NOW + seconds - 1000, expiresAt: NOW + seconds }
  return { value, type: 'Bearer', ...times, attempt: 1, ...(scope !== undefined && { scope }) }
}

function recordOf(tokens: Readonly<Record<string, StoredToken>>) {
  return { id: 'id', expiresAt: NOW + 9999, ledger: { refreshToken: 'rt', tokens, attempt: 1 } }
}

describe('the token that is served', () => {
  it('S14: works, is for the same resource, and has the requested scope; without one, the token is refreshed', () => {
    fc.assert(
      fc.property(request, held, (wanted, all) => {
        const tokens = Object.fromEntries(
          all.map(([each, seconds, scope], i) => [
            tokenKey(each),
            tokenOf(`t${i}`, seconds, scope?.join(' ')),
          ]),
        )
        const usable = all
          .map(([each, , scope]) => ({ each, scope, token: tokens[tokenKey(each)] as StoredToken }))
          .filter(({ each, scope, token }) => {
            if (freshness(token, NOW, 60, 0) === 'expired') return false
            if (tokenKey(each) === tokenKey(wanted)) return true
            const granted = scope ?? each.scope.split(' ')
            const isSame = each.resource.join() === wanted.resource.join()
            return (
              isSame && wanted.scope !== '' && wanted.scope.split(' ').every((one) => granted.includes(one))
            )
          })
        const next = decide(recordOf(tokens), { key: tokenKey(wanted) }, AT, policy)
        expect(next.do).toBe(usable.length > 0 ? 'serve' : 'refresh')
        if (next.do === 'serve') expect(usable.map(({ token }) => token.value)).toContain(next.token.value)
      }),
      { numRuns: 2_000 },
    )
  })

  it('is valid for the required time, or for three quarters of its lifetime', () => {
    fc.assert(
      fc.property(left, fc.integer({ min: 0, max: 3000 }), (seconds, minValiditySeconds) => {
        const stored = recordOf({ '': tokenOf('t', seconds) })
        const next = decide(stored, { key: '', minValiditySeconds }, AT, policy)
        const isServed = freshness(tokenOf('t', seconds), NOW, 60, 0) !== 'expired'
        expect(next.do).toBe(isServed && seconds >= Math.min(minValiditySeconds, 750) ? 'serve' : 'refresh')
        expect(isValidFor(tokenOf('t', 1000), NOW, minValiditySeconds)).toBe(true)
      }),
    )
  })

  it('after a rejection, is one that is newer than the rejected one', () => {
    const own = { ...tokenOf('own', 900), attempt: 2 }
    const key = tokenKey({ scope: 'a' })
    const decisionFor = (rejected: string, attempt: number) => {
      const more = { ...tokenOf('more', 900, 'a b'), attempt }
      return decide(recordOf({ [key]: own, '': more }), { key, rejected }, AT, policy)
    }
    for (const attempt of [0, 1, 2]) expect(decisionFor('own', attempt).do).toBe('refresh')
    expect(decisionFor('own', 3)).toMatchObject({ do: 'serve', token: { value: 'more' } })
    // The caller has a token that is no longer stored.
    expect(decisionFor('older', 1)).toMatchObject({ do: 'serve', token: { value: 'own' } })
  })

  it('is not the one that must be replaced, nor one with more scope in its place', () => {
    const tokens = { [tokenKey({ scope: 'a' })]: tokenOf('own', 900), '': tokenOf('more', 900, 'a b') }
    const wanted = { key: tokenKey({ scope: 'a' }) }
    const decisionFor = (replaced: string) => decide(recordOf(tokens), { ...wanted, replaced }, AT, policy)
    expect(decisionFor('own').do).toBe('refresh')
    // Another process has replaced it in the meantime.
    expect(decisionFor('older')).toMatchObject({ do: 'serve', token: { value: 'own' } })
    expect(decide(recordOf({ '': tokens[''] }), { ...wanted, replaced: '' }, AT, policy).do).toBe('refresh')
  })
})
