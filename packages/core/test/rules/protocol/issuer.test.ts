import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  canBeIssuer,
  expectedIssuer,
  expectedResponseIssuer,
  refuseIssuer,
} from '../../../src/rules/protocol/issuer.ts'

const url = fc.webUrl()
const tenant = fc.uuid()
const TEMPLATE = 'https://login.microsoftonline.com/{tenantid}/v2.0'

describe('refuseIssuer', () => {
  it('S8: accepts another issuer only if it differs in one slash at the end', () => {
    fc.assert(
      fc.property(url, url, fc.constantFrom('', '/', '//'), (one, other, end) => {
        const [named, issuer] = [one.replace(/\/+$/, '') + end, other.replace(/\/+$/, '')]
        const expected = named === issuer || named === `${issuer}/` ? undefined : 'other_issuer'
        expect(refuseIssuer(named, { issuer })).toBe(expected)
        expect(refuseIssuer(issuer, { issuer: named })).toBe(expected)
        expect(refuseIssuer(issuer + end, { issuer })).toBe(end === '//' ? 'other_issuer' : undefined)
        expect(refuseIssuer(named, { issuer, issuerInMetadata: 'any' })).toBeUndefined()
      }),
    )
  })

  it.each([
    ['https://login.microsoftonline.com/common/v2.0', undefined],
    ['https://login.microsoftonline.com/organizations/v2.0/', undefined],
    ['https://login.microsoftonline.com/a/b/v2.0', 'other_issuer'],
    ['https://login.microsoftonline.com//v2.0', 'other_issuer'],
    ['https://login.microsoftonline.com/v2.0', 'other_issuer'],
    ['https://login.microsoftonline.com/common', 'other_issuer'],
    ['https://evil.example/common/v2.0', 'other_issuer'],
  ])('the template of Entra fits %s: %s', (issuer, expected) => {
    expect(refuseIssuer(TEMPLATE, { issuer, tenants: ['t'] })).toBe(expected)
    expect(refuseIssuer(TEMPLATE, { issuer })).toBe(expected ?? 'tenants_missing')
  })
})

it('a template is replaced only by a tenant in the list: the `tid` of a token, or the issuer of a response', () => {
  fc.assert(
    fc.property(fc.uniqueArray(tenant), tenant, (tenants, other) => {
      fc.pre(!tenants.includes(other))
      for (const each of tenants) {
        const iss = TEMPLATE.replace('{tenantid}', each)
        expect(expectedIssuer(TEMPLATE, each, tenants)).toBe(iss)
        expect(expectedResponseIssuer(TEMPLATE, iss, tenants)).toBe(iss)
        expect(canBeIssuer(iss, { issuer: 'https://login.microsoftonline.com/common/v2.0', tenants })).toBe(
          true,
        )
      }
      const iss = TEMPLATE.replace('{tenantid}', other)
      for (const tid of [other, iss, undefined, 1])
        expect(expectedIssuer(TEMPLATE, tid, tenants)).toBe(TEMPLATE)
      expect(expectedResponseIssuer(TEMPLATE, iss, tenants)).toBe(TEMPLATE)
      expect(canBeIssuer(iss, { issuer: 'https://login.microsoftonline.com/common/v2.0', tenants })).toBe(
        false,
      )
      expect(expectedIssuer('https://login.example.com', other, tenants)).toBe('https://login.example.com')
    }),
  )
})
