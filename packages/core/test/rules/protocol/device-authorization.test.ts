import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  nextInterval,
  readDeviceAuthorization,
  readPollRefusal,
} from '../../../src/rules/protocol/device-authorization.ts'

const CODES = {
  device_code: 'GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS',
  user_code: 'WDJB-MJHT',
  verification_uri: 'https://example.com/device',
  expires_in: 1800,
}
const read = (members: object) => readDeviceAuthorization({ ...CODES, ...members }, ['keycloak'])

describe('the response of the device authorization endpoint', () => {
  it('has the defaults of the standard', () => {
    expect(read({})).toEqual({
      deviceCode: CODES.device_code,
      userCode: 'WDJB-MJHT',
      verificationUri: 'https://example.com/device',
      verificationUriComplete: undefined,
      expiresInSeconds: 1800,
      intervalSeconds: 5,
    })
  })

  it.each([
    ['device_code', [undefined, '', 'a b', 'é', 'x'.repeat(4097), 7]],
    ['user_code', [undefined, '', 'A\nB', 'A\u001B[2J', 'A\u202EB', 'x'.repeat(65), {}]],
    [
      'verification_uri',
      [undefined, '', '/device', 'http://example.com', 'javascript:alert(1)', 'https://u:p@example.com', 1],
    ],
    ['expires_in', [undefined, 0, -1, 'soon', null, Number.NaN, Infinity]],
  ])('is refused with a wrong %s', (wrong, values) => {
    for (const value of values) expect(read({ [wrong]: value })).toEqual({ wrong })
  })

  it('can have an address on loopback or on a host that the application trusts', () => {
    for (const uri of ['http://127.0.0.1:8080/device', 'http://localhost/device', 'http://keycloak/device'])
      expect(read({ verification_uri: uri })).toMatchObject({ verificationUri: uri })
    expect(read({ verification_uri: undefined, verification_url: 'https://g.co/device' })).toMatchObject({
      verificationUri: 'https://g.co/device',
    })
  })

  it('omits an unsafe address with the code', () => {
    expect(read({ verification_uri_complete: 'http://example.com/?c=1' })).toMatchObject({
      verificationUriComplete: undefined,
    })
    expect(read({ verification_uri_complete: 'https://example.com/?c=1' })).toMatchObject({
      verificationUriComplete: 'https://example.com/?c=1',
    })
  })

  it('is bounded and printable for any body', () => {
    fc.assert(
      fc.property(
        fc.record(
          {
            device_code: fc.oneof(fc.constant('code'), fc.anything()),
            user_code: fc.oneof(fc.string({ unit: 'binary' }), fc.anything()),
            verification_uri: fc.oneof(fc.webUrl(), fc.string(), fc.anything()),
            verification_uri_complete: fc.oneof(fc.webUrl(), fc.anything()),
            expires_in: fc.oneof(fc.double(), fc.integer().map(String), fc.anything()),
            interval: fc.oneof(fc.double(), fc.integer().map(String), fc.anything()),
          },
          { requiredKeys: [] },
        ),
        (body) => {
          const codes = readDeviceAuthorization(body, [])
          if ('wrong' in codes) return
          const { userCode, verificationUri, verificationUriComplete = verificationUri } = codes
          expect(userCode).toMatch(/^[^\p{C}]{1,64}$/u)
          for (const uri of [verificationUri, verificationUriComplete])
            expect(uri).toMatch(/^(?:https:|http:\/\/(?:127\.|localhost|\[::1\]))/)
          expect(codes.intervalSeconds).toBeGreaterThanOrEqual(1)
          expect(codes.intervalSeconds).toBeLessThanOrEqual(300)
          expect(codes.expiresInSeconds).toBeGreaterThan(0)
          expect(codes.expiresInSeconds).toBeLessThanOrEqual(86_400)
        },
      ),
    )
  })
})

describe('polling', () => {
  const waits = fc.constantFrom('pending' as const, 'slow_down' as const, 'unreachable' as const)

  it('never becomes faster, and adds 5 seconds after each `slow_down`', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.array(waits), (start, refusals) => {
        let seconds = start
        for (const refusal of refusals) {
          const next = nextInterval(seconds, refusal)
          expect(next).toBeGreaterThanOrEqual(seconds)
          if (refusal === 'pending') expect(next).toBe(seconds)
          if (refusal === 'slow_down') expect(next).toBe(seconds + 5)
          seconds = next
        }
      }),
    )
  })

  it('doubles the interval up to 60 seconds while the server does not respond', () => {
    const intervals = [5]
    for (let i = 0; i < 5; i++) intervals.push(nextInterval(intervals.at(-1) ?? 0, 'unreachable'))
    expect(intervals).toEqual([5, 10, 20, 40, 60, 60])
    expect(nextInterval(90, 'unreachable')).toBe(90)
  })

  it.each([
    [400, 'authorization_pending', 'pending'],
    [400, 'slow_down', 'slow_down'],
    [429, 'slow_down', 'slow_down'],
    [200, 'authorization_pending', 'pending'],
    [400, 'access_denied', 'denied'],
    [400, 'expired_token', 'expired'],
    [400, 'invalid_grant', 'refused'],
    [401, 'invalid_client', 'refused'],
    [400, 'constructor', 'refused'],
    [400, undefined, 'refused'],
    [503, undefined, 'unreachable'],
    [429, undefined, 'unreachable'],
    [500, 'server_error', 'unreachable'],
  ])('reads the status %i with %s as %s', (status, error, refusal) => {
    expect(readPollRefusal(status, { error })).toBe(refusal)
    if (error === undefined) expect(readPollRefusal(status, undefined)).toBe(refusal)
  })
})
