import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { connectedRecord } from '../../src/model/connected-record.ts'
import {
  brokenRecord,
  type ConnectionRecord,
  disconnectedRecord,
  findFault,
  isOtherAccount,
  isRecordOf,
  missingScope,
  revokedRecord,
} from '../../src/model/connection-record.ts'
import type { TokenGrant } from '../../src/model/token-grant.ts'
import { decide } from '../../src/rules/refresh/decide.ts'
import { settle, settleRejection } from '../../src/rules/refresh/settle.ts'

const BASE = { id: 'key', owner: 'ada', name: 'google', issuer: 'https://login.example.com', clientId: 'web' }
const NOW = 1000
const POLICY = {
  consumes: 'refresh_token',
  reuse: 'strict',
  refreshBeforeExpirySeconds: 60,
  serveDuringRefresh: true,
} as const

const text = fc.string({ minLength: 1, maxLength: 8 })
const grants: fc.Arbitrary<TokenGrant> = fc
  .record({
    value: text,
    lifetime: fc.integer({ min: 1, max: 1000 }),
    refreshToken: fc.option(text, { nil: undefined }),
    sub: fc.option(fc.constantFrom('account-1', 'account-2'), { nil: undefined }),
    scope: fc.option(fc.constantFrom('a', 'a b'), { nil: undefined }),
  })
  .map(({ value, lifetime, refreshToken, sub, scope }) => ({
    accessToken: { value, type: 'Bearer', obtainedAt: NOW, expiresAt: NOW + lifetime, scope },
    refreshToken,
    scope,
    claims: sub === undefined ? undefined : { sub },
  }))
const records = grants.map((grant) => connectedRecord(BASE, grant, NOW))

const after = (record: ConnectionRecord, seconds: number) =>
  decide(record, { key: '' }, { wall: NOW + seconds }, POLICY)

describe('a connection', () => {
  it('is of its owner, name and key only, also after it was stored as JSON', () => {
    fc.assert(
      fc.property(records, fc.constantFrom('id', 'owner', 'name'), text, (record, member, other) => {
        const { expiresAt: _, ...stored } = record
        const opened: unknown = JSON.parse(JSON.stringify(stored))
        expect(isRecordOf(opened, BASE)).toBe(true)
        expect(isRecordOf(opened, { ...BASE, [member]: other })).toBe(other === BASE[member])
      }),
    )
  })

  it('is never served or refreshed while it is broken, unless the caller forces it', () => {
    fc.assert(
      fc.property(records, fc.integer({ min: 0, max: 2000 }), (record, seconds) => {
        const broken = brokenRecord(record, 'grant_rejected', NOW)
        expect(after(broken, seconds)).toEqual({ do: 'sign_in', code: 'needs_reauthorization' })
        expect(broken).toMatchObject({ claims: record.claims, owner: 'ada', name: 'google' })
        expect(broken.ledger).toMatchObject({
          refreshToken: record.ledger.refreshToken,
          scope: record.ledger.scope,
        })
        const forced = decide(
          broken,
          { key: '', replaced: '', retriesRefused: true },
          { wall: NOW + seconds },
          POLICY,
        )
        expect(forced.do).toBe(record.ledger.refreshToken === undefined ? 'sign_in' : 'refresh')
        // The caller has not seen the refusal of another process yet.
        const late = decide(broken, { key: '', replaced: '' }, { wall: NOW + seconds }, POLICY)
        expect(late.do).toBe('sign_in')
      }),
    )
  })

  it('takes a late response to the refresh token that was refused, and no refusal twice', () => {
    fc.assert(
      fc.property(records, text, (record, from) => {
        const { refreshToken } = record.ledger
        fc.pre(refreshToken !== undefined)
        const used = { refreshToken, key: '', from, attempt: record.ledger.attempt }
        const broken = brokenRecord(record, 'grant_rejected', NOW)
        expect(settle(broken, used, true)).toBe('write')
        expect(settle(disconnectedRecord(broken), used, true)).toBe('revoke')
        expect(settleRejection(disconnectedRecord(broken), used, true)).toBe('again')
        expect(brokenRecord(broken, 'login_required', NOW + 9).broken).toBe(broken.broken)
      }),
    )
  })

  it('keeps the refresh token if a new grant has none, unless it is broken or of another client or account', () => {
    fc.assert(
      fc.property(records, grants, (record, grant) => {
        const { refreshToken: earlier } = record.ledger
        const connect = (from: ConnectionRecord) =>
          connectedRecord(BASE, grant, NOW, from).ledger.refreshToken
        const kept = isOtherAccount(record, BASE, grant.claims) ? undefined : earlier
        expect(connect(record)).toBe(grant.refreshToken ?? kept)
        expect(connect(brokenRecord(record, 'grant_rejected', NOW))).toBe(grant.refreshToken)
        expect(connect({ ...record, clientId: 'another' })).toBe(grant.refreshToken)
        expect(connectedRecord(BASE, grant, NOW, record).ledger.tokens['']?.value).toBe(
          grant.accessToken?.value,
        )
      }),
    )
  })

  it('keeps the lease of a refresh in progress, if its refresh token stays', () => {
    const record = connectedRecord(BASE, { refreshToken: 'first' }, NOW)
    const lease = { attempt: 1, holder: 'other', beat: 0 }
    const leased = { ...record, ledger: { ...record.ledger, attempt: 1, lease } }
    expect(connectedRecord(BASE, { scope: 'a' }, NOW, leased).ledger.lease).toBe(lease)
    expect(connectedRecord(BASE, { refreshToken: 'second' }, NOW, leased).ledger.lease).toBeUndefined()
  })

  it('does not get the refresh token of another account that can give the grant too', () => {
    const keptBy = (first: string | undefined, second: string | undefined, isAnyAccount: boolean) => {
      const claimsOf = (sub: string | undefined) => sub && { claims: { sub } }
      const record = connectedRecord(BASE, { refreshToken: 'first', ...claimsOf(first) }, NOW)
      return connectedRecord(BASE, { ...claimsOf(second) }, NOW, record, isAnyAccount)
    }
    const kept = { claims: { sub: 'a' }, ledger: { refreshToken: 'first' } }
    expect(keptBy('a', 'a', true)).toMatchObject(kept)
    expect(keptBy('a', undefined, false)).toMatchObject(kept)
    for (const [first, second] of [
      ['a', 'b'],
      ['a', undefined],
      [undefined, 'b'],
      [undefined, undefined],
    ]) {
      const { claims, ledger } = keptBy(first, second, true)
      expect([claims.sub, ledger.refreshToken]).toEqual([second, undefined])
    }
  })

  it('has a tombstone with nothing but what remains to revoke', () => {
    fc.assert(
      fc.property(records, (record) => {
        const tombstone = disconnectedRecord(record)
        expect(disconnectedRecord(tombstone)).toEqual(tombstone)
        expect(tombstone.ledger.revoking).toBe(record.ledger.refreshToken)
        expect(tombstone.claims).toEqual(record.claims)
        const named = disconnectedRecord({
          ...record,
          claims: { sub: 'account-1', email: 'ada@example.com' },
        })
        expect(named.claims).toEqual({ sub: 'account-1' })
        expect(revokedRecord(tombstone).ledger).toEqual({ tokens: {}, attempt: record.ledger.attempt })
      }),
    )
  })

  it('is of another account only if both are known, and of the same client', () => {
    const record = connectedRecord(BASE, { claims: { sub: 'account-1' } }, NOW)
    expect(isOtherAccount(record, BASE, { sub: 'account-2' })).toBe(true)
    expect(isOtherAccount(record, BASE, { sub: 'account-1' })).toBe(false)
    expect(isOtherAccount(record, BASE, {})).toBe(false)
    expect(isOtherAccount(record, { ...BASE, clientId: 'another' }, { sub: 'account-2' })).toBe(false)
  })
})

describe('the fault of a connection', () => {
  const grantExpiry = { at: NOW + 50, lifetime: 50 }
  const accessToken = { value: 'token', type: 'Bearer', obtainedAt: NOW, expiresAt: NOW + 10 }

  it('is found only after the access token has expired', () => {
    const record = connectedRecord(BASE, { accessToken }, NOW)
    expect(findFault(record, BASE, NOW + 9)).toBeUndefined()
    expect(findFault(record, BASE, NOW + 10)).toEqual({ reason: 'no_refresh_token', since: NOW + 10 })
  })

  it('is the end of the grant that the server has reported', () => {
    const record = connectedRecord(BASE, { accessToken, refreshToken: 'first', grantExpiry }, NOW)
    expect(findFault(record, BASE, NOW + 49)).toBeUndefined()
    expect(findFault(record, BASE, NOW + 50)).toEqual({ reason: 'refresh_token_expired', since: NOW + 50 })
  })

  it('is a provider that has another client, or none', () => {
    const record = connectedRecord(BASE, { accessToken, refreshToken: 'first' }, NOW)
    expect(findFault(record, { ...BASE, clientId: 'another' }, NOW)?.reason).toBe('client_changed')
    expect(findFault(record, undefined, NOW)?.reason).toBe('client_changed')
  })
})

describe('the missing scope', () => {
  it('is the wanted scope without the granted one', () => {
    const scopes = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'https://example.com/d'))
    fc.assert(
      fc.property(scopes, scopes, (wanted, granted) => {
        const missing = missingScope(wanted.join(' '), granted.join(' ')).split(' ').filter(Boolean)
        expect(missing).toEqual(wanted.filter((each) => !granted.includes(each)))
        expect(missingScope(wanted.join(' '), undefined)).toBe('')
      }),
    )
  })
})
