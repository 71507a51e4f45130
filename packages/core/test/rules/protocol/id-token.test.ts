import * as fc from 'fast-check'
import * as oauth from 'oauth4webapi'
import { expect, it } from 'vitest'
import { findIdTokenFault, type IdTokenRequirements } from '../../../src/rules/protocol/id-token.ts'

const ISSUER = 'https://login.example.com'
const CLIENT = 'web'
const NOW = 1_800_000_000
const TOLERANCE = 30

/** A time near one of the limits, or another value. */
const time = (around: number) =>
  fc.oneof(
    fc.integer({ min: -2, max: 2 }).map((seconds) => around + seconds),
    fc.constantFrom(undefined, 0, -1, '1', null, true),
  )
const oneOf = (...values: readonly unknown[]) => fc.constantFrom(...values)

const tokens = fc.record({
  iss: oneOf(ISSUER, ISSUER, ISSUER, `${ISSUER}/`, undefined, 1),
  aud: oneOf(CLIENT, CLIENT, [CLIENT], [CLIENT, 'other'], ['other'], [], 'other', undefined, 1, { web: 1 }),
  azp: oneOf(undefined, undefined, CLIENT, 'other', null),
  sub: oneOf('user-1', 'user-1', undefined),
  exp: fc.oneof(fc.constant(NOW + 60), time(NOW - TOLERANCE)),
  iat: fc.oneof(fc.constant(NOW), time(NOW)),
  nbf: fc.oneof(fc.constant(undefined), time(NOW + TOLERANCE)),
  nonce: oneOf('n', 'n', 'other', undefined, '', 1),
  auth_time: fc.oneof(fc.constant(NOW), time(NOW - TOLERANCE - 300)),
})
const signIns: fc.Arbitrary<IdTokenRequirements['signIn'] | undefined> = fc.constantFrom(
  undefined,
  { nonce: 'n' },
  { nonce: undefined },
  { nonce: 'n', maxAge: 300 },
  { nonce: undefined, maxAge: 0 },
)

/** Whether oauth4webapi refuses the ID token with these claims. */
async function isRefusedByLibrary(claims: object, signIn: IdTokenRequirements['signIn']): Promise<boolean> {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const idToken = `${encode({ alg: 'RS256' })}.${encode(claims)}.c2ln`
  const response = Response.json({ access_token: 'at', token_type: 'bearer', id_token: idToken })
  const client = {
    client_id: CLIENT,
    [oauth.clockTolerance]: TOLERANCE,
    [oauth.clockSkew]: NOW - Math.floor(Date.now() / 1000),
  }
  const server = { issuer: ISSUER }
  const processing = signIn
    ? oauth.processAuthorizationCodeResponse(server, client, response, {
        expectedNonce: signIn.nonce ?? oauth.expectNoNonce,
        maxAge: signIn.maxAge ?? oauth.skipAuthTimeCheck,
        requireIdToken: true,
      })
    : oauth.processRefreshTokenResponse(server, client, response)
  return processing.then(
    () => false,
    () => true,
  )
}

it('refuses the ID tokens that oauth4webapi refuses, and those for another authorized party', async () => {
  const outcomes = { valid: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(tokens, signIns, async (token, signIn) => {
      // Members without a value are absent in a JWT.
      const claims = JSON.parse(JSON.stringify(token)) as Record<string, unknown>
      const fault = findIdTokenFault(claims, {
        issuer: ISSUER,
        clientId: CLIENT,
        now: NOW,
        toleranceSeconds: TOLERANCE,
        ...(signIn && { signIn }),
      })
      // oauth4webapi checks `azp` only if there are several audiences.
      const isForOther = claims['azp'] !== undefined && claims['azp'] !== CLIENT
      outcomes[fault ? 'refused' : 'valid']++
      expect(fault !== undefined).toBe(isForOther || (await isRefusedByLibrary(claims, signIn)))
    }),
    { numRuns: 5000 },
  )
  expect(outcomes.valid).toBeGreaterThan(10)
  expect(outcomes.refused).toBeGreaterThan(1000)
})

const VALID = { iss: ISSUER, aud: CLIENT, sub: 'user-1', exp: NOW + 60, iat: NOW, nonce: 'n' }

it.each([
  [{ exp: undefined }, { claim: 'exp', kind: 'malformed' }],
  [{ sub: undefined }, { claim: 'sub', kind: 'malformed' }],
  [{ nonce: undefined }, { claim: 'nonce', kind: 'malformed' }],
  [{ auth_time: -1 }, { claim: 'auth_time', kind: 'malformed' }],
  [{ exp: NOW - TOLERANCE }, { claim: 'exp', kind: 'time' }],
  [{ nbf: NOW + TOLERANCE + 1 }, { claim: 'nbf', kind: 'time' }],
  [{ auth_time: NOW - TOLERANCE - 301 }, { claim: 'auth_time', kind: 'time' }],
  [{ iss: `${ISSUER}/` }, { claim: 'iss', kind: 'other' }],
  [{ aud: 'other' }, { claim: 'aud', kind: 'other' }],
  [{ aud: [CLIENT, 'other'] }, { claim: 'aud', kind: 'other' }],
  [{ azp: 'other' }, { claim: 'azp', kind: 'other' }],
  [{ nonce: 'other' }, { claim: 'nonce', kind: 'other' }],
  [{ aud: [CLIENT, 'other'], azp: CLIENT }, undefined],
] as const)('names the claim of %j', (changed, fault) => {
  const signIn = { nonce: 'n', maxAge: 300 }
  const requirements = { issuer: ISSUER, clientId: CLIENT, now: NOW, toleranceSeconds: TOLERANCE, signIn }
  expect(findIdTokenFault({ auth_time: NOW, ...VALID, ...changed }, requirements)).toEqual(fault)
})
