import { describe, expect, it } from 'vitest'
import { continuesSignIn, isSameUser, namesAnotherUser } from '../../../src/rules/protocol/same-user.ts'
import type { UserClaims } from '../../../src/model/token-grant.ts'

const issuer = 'https://login.example.com'
const clientId = 'web'

describe('namesAnotherUser', () => {
  it.each<[UserClaims, object, boolean]>([
    [{ sub: 'u' }, { sub: 'u' }, false],
    [{ sub: 'u' }, { sub: 'u', iss: issuer }, false],
    [{ sub: 'u' }, { sub: 'v' }, true],
    [{ sub: 'u' }, { sub: 'U' }, true],
    [{ sub: 'u' }, { sub: 1 }, true],
    [{ sub: 'u' }, { sub: null }, true],
    [{ sub: '' }, { sub: 'u' }, true],
    [{ sub: 'u' }, {}, false],
    [{}, { sub: 'u' }, false],
    [{}, { sub: 'u', iss: `${issuer}/` }, true],
    [{ sub: 'u' }, { sub: 'u', iss: null }, true],
    [{ sub: 'u' }, { sub: 'u', aud: 'web' }, false],
    [{ sub: 'u' }, { sub: 'u', aud: ['api', 'web'] }, false],
    [{ sub: 'u' }, { sub: 'u', aud: 'web2' }, true],
    [{ sub: 'u' }, { sub: 'u', aud: ['api'] }, true],
    [{}, { aud: null }, true],
  ])('S10: from %j to %j: %j', (claims, token, expected) => {
    expect(namesAnotherUser({ claims, issuer, clientId }, { ...token })).toBe(expected)
  })

  it('S10: compares with the ID token of the session, if it has one', () => {
    const original = { iss: 'https://other.example', sub: 'u' }
    expect(namesAnotherUser({ claims: {}, original, issuer, clientId }, original)).toBe(false)
    expect(namesAnotherUser({ claims: {}, original, issuer, clientId }, { ...original, iss: issuer })).toBe(
      true,
    )
    expect(namesAnotherUser({ claims: {}, original, issuer, clientId }, { ...original, sub: 'v' })).toBe(true)
  })
})

describe('continuesSignIn', () => {
  it.each([
    [{ sub: 'u' }, { sub: 'u' }, true],
    [{ sub: 'u' }, {}, false],
    [{}, { sub: 'u' }, false],
    [{ sub: 'u', auth_time: 1 }, { sub: 'u', auth_time: 1 }, true],
    [{ sub: 'u', auth_time: 1 }, { sub: 'u', auth_time: 2 }, false],
    [{ sub: 'u', auth_time: 0 }, { sub: 'u', auth_time: 1 }, false],
    [{ sub: 'u', auth_time: 1 }, { sub: 'u' }, true],
    [{ sub: 'u' }, { sub: 'u', auth_time: 1 }, true],
  ])('S10: from %j to %j', (claims, token, expected) => {
    expect(continuesSignIn({ claims, issuer, clientId }, token)).toBe(expected)
  })

  it.each<[object, object, boolean]>([
    [{ aud: 'c' }, { aud: 'c' }, true],
    [{ aud: 'c' }, { aud: ['c', 'd'] }, true],
    [{ aud: ['c', 'd'] }, { aud: 'c' }, false],
    [{}, { aud: 'c' }, true],
    [{ azp: 'c' }, { azp: 'c' }, true],
    [{ azp: 'c' }, {}, false],
    [{}, { azp: 'c' }, false],
    [{ nonce: 'n' }, { nonce: 'n' }, true],
    [{ nonce: 'n' }, {}, true],
    [{ nonce: 'n' }, { nonce: 'm' }, false],
  ])('S10: from the ID token %j to %j', (original, token, expected) => {
    const known = { claims: { sub: 'u' }, original: { ...original }, issuer, clientId }
    expect(continuesSignIn(known, { sub: 'u', ...token })).toBe(expected)
  })
})

describe('isSameUser', () => {
  const registration = { issuer, clientId }
  const session = { ...registration, claims: { sub: 'u', iss: issuer } }

  it.each<[UserClaims, boolean]>([
    [{ sub: 'u', iss: issuer }, true],
    [{ sub: 'u' }, true],
    [{ sub: 'v', iss: issuer }, false],
    [{ sub: 'u', iss: 'https://login.example.com/other-tenant' }, false],
    [{ iss: issuer }, false],
    [{}, false],
  ])('compares the claims %j', (claims, expected) => {
    expect(isSameUser(session, registration, claims)).toBe(expected)
  })

  it('compares the server and the client, and knows no user without `sub`', () => {
    const { claims } = session
    expect(isSameUser(session, { issuer: 'https://other.example', clientId }, claims)).toBe(false)
    expect(isSameUser(session, { issuer, clientId: 'other' }, claims)).toBe(false)
    expect(isSameUser({ ...session, claims: {} }, registration, {})).toBe(false)
  })
})
