import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readJwt } from '../../../src/rules/protocol/jwt.ts'
import { isSignedOut, judgeLogoutToken } from '../../../src/rules/protocol/logout-token.ts'

const NOW = 1_800_000_000
const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
const good = { iat: NOW, exp: NOW + 120, jti: 'j', sub: 'u', sid: 's', events: { [EVENT]: {} } }

function judge(claims: object = {}, header: Record<string, unknown> = { typ: 'logout+jwt' }, now = NOW) {
  return judgeLogoutToken({ header, claims: { ...good, ...claims } }, now)
}

describe('judgeLogoutToken', () => {
  it('S12: takes one that names the user, the session or both', () => {
    expect(judge()).toEqual({ sub: 'u', sid: 's', jti: 'j', issuedAt: NOW, usableUntil: NOW + 360 })
    expect(judge({ sid: undefined })).not.toHaveProperty('sid')
    expect(judge({ sub: undefined })).not.toHaveProperty('sub')
  })

  it.each([undefined, 'JWT', 'jwt', 'logout+jwt', 'application/logout+jwt', 'Logout+JWT'])(
    'S12: takes the type %s',
    (typ) => {
      expect(judge({}, { typ })).toBeTypeOf('object')
    },
  )

  it.each([
    ['type', {}, { typ: 'at+jwt' }],
    ['type', {}, { typ: 7 }],
    ['type', {}, { typ: null }],
    ['nonce', { nonce: 'n' }, {}],
    ['nonce', { nonce: null }, {}],
    ['logout', { events: undefined }, {}],
    ['logout', { events: null }, {}],
    ['logout', { events: EVENT }, {}],
    ['logout', { events: [EVENT] }, {}],
    ['logout', { events: { other: {} } }, {}],
    ['logout', { events: { [EVENT]: true } }, {}],
    ['logout', { events: { [EVENT]: [] } }, {}],
    ['logout', { events: { [EVENT]: null } }, {}],
    ['expires', { exp: undefined }, {}],
    ['issued', { iat: undefined }, {}],
    ['issued', { iat: String(NOW) }, {}],
    ['issued', { iat: NOW + 61 }, {}],
    ['too old', { iat: NOW - 360 }, {}],
    ['jti', { jti: undefined }, {}],
    ['jti', { jti: '' }, {}],
    ['jti', { jti: 7 }, {}],
    ['jti', { jti: 'x'.repeat(513) }, {}],
    ['nobody', { sub: undefined, sid: undefined }, {}],
    ['nobody', { sub: '', sid: 's' }, {}],
    ['nobody', { sub: 'u', sid: 7 }, {}],
    ['nobody', { sub: { u: 'u' } }, {}],
  ])('S12: refuses one by its %s (%j, %j)', (word, claims, header) => {
    expect(judge(claims, header)).toEqual(expect.stringContaining(word))
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.object(), fc.object(), (header, claims) => {
        expect(judgeLogoutToken({ header, claims }, NOW)).toBeTypeOf('string')
      }),
    )
  })
})

describe('isSignedOut', () => {
  it.each([
    [{ sub: 'u', sid: 's' }, { sub: 'u', sid: 's' }, true, true],
    [{ sub: 'u', sid: 'another' }, { sub: 'u', sid: 's' }, false, true],
    [{ sub: 'u' }, { sub: 'u', sid: 's' }, true, true],
    [{ sub: 'u', sid: 's' }, { sub: 'u' }, true, true],
    [{ sub: 'u', sid: 's' }, { sid: 's' }, true, true],
    [{ sub: 'u', sid: 'another' }, { sid: 's' }, false, false],
    [{ sub: 'u' }, { sid: 's' }, false, false],
    [{ sub: 'another', sid: 's' }, { sub: 'u', sid: 's' }, false, false],
    [{}, { sub: 'u' }, false, false],
    [{}, { sid: 's' }, false, false],
  ])('S12: %j by %j: %s, with all %s', (session, token, one, all) => {
    expect(isSignedOut(session, token, false)).toBe(one)
    expect(isSignedOut(session, token, true)).toBe(all)
  })
})

describe('readJwt', () => {
  const part = (value: string) => Buffer.from(value).toString('base64url')
  const object = part('{"a":"ä"}')

  it('takes it apart', () => {
    expect(readJwt(`${object}.${object}.x`)).toEqual({ header: { a: 'ä' }, claims: { a: 'ä' } })
  })

  it.each([
    '',
    '..',
    object,
    `${object}.${object}`,
    `${object}.${object}.`,
    `${object}.${object}.x.x`,
    `${object}.${object}.x.x.x`,
    `${object}=.${object}.x`,
    ` ${object}.${object}.x`,
    `${object}.${object}.x\n`,
    `${part('[]')}.${object}.x`,
    `${object}.${part('null')}.x`,
    `${object}.${part('"text"')}.x`,
    `${object}.${part('{')}.x`,
    `${object}.A.x`,
    `${object}.${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.x`,
  ])('takes nothing else apart: %j', (token) => {
    expect(readJwt(token)).toBeUndefined()
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 5 }), (parts) => {
        readJwt(parts.map(part).join('.'))
        readJwt(parts.join('.'))
      }),
    )
  })
})
