import type { TimeReading } from '../../src/model/time-reading.ts'
import * as fc from 'fast-check'
import type { BackOff } from '../../src/model/back-off.ts'
import type { SessionRecord } from '../../src/model/session-record.ts'
import type { TokenGrant } from '../../src/model/token-grant.ts'
import type { TokenLedger } from '../../src/model/token-ledger.ts'
import type { StoredToken } from '../../src/model/stored-tokens.ts'

export const NOW = 1_800_000_000

/** Some time around `NOW`, in seconds, with fractions. */
export const time: fc.Arbitrary<number> = fc
  .double({ min: -10_000, max: 10_000, noNaN: true })
  .map((seconds) => NOW + seconds)

const word = fc.stringMatching(/^[a-z0-9]{1,12}$/)
const claims = fc.dictionary(word, fc.jsonValue(), { noNullPrototype: true, maxKeys: 3 })

const lifetime = fc.double({ min: 0, max: 5000, noNaN: true })
const obtained = fc
  .record(
    { value: word, type: fc.constant('Bearer' as const), obtainedAt: time, scope: word, lifetime },
    { requiredKeys: ['value', 'type', 'obtainedAt', 'lifetime'], noNullPrototype: true },
  )
  .map(({ lifetime: seconds, ...token }) => ({ ...token, expiresAt: token.obtainedAt + seconds }))

const stored: fc.Arbitrary<StoredToken> = fc
  .tuple(
    obtained,
    fc.record(
      { attempt: fc.nat(20), rejections: fc.nat(9), ahead: fc.integer({ min: -9000, max: 9000 }) },
      { requiredKeys: ['attempt'], noNullPrototype: true },
    ),
  )
  .map(([token, rest]) => ({ ...token, ...rest }))

export const grant: fc.Arbitrary<TokenGrant> = fc.record(
  { accessToken: obtained, refreshToken: word, scope: word, idToken: word, claims },
  { requiredKeys: [], noNullPrototype: true },
)

/** A reading of the two clocks that a process can know. */
export const reading: fc.Arbitrary<TimeReading> = fc.record(
  { wall: time, server: time },
  { requiredKeys: ['wall'], noNullPrototype: true },
)

const code = fc.constantFrom('refresh_outcome_unknown', 'authorization_server_unavailable', 'client_rejected')

const backOff: fc.Arbitrary<BackOff> = fc.record(
  { until: time, seconds: fc.nat(300), failures: fc.nat(12), code },
  { noNullPrototype: true },
)

/** Any ledger, down to combinations that no history leads to; frozen, so that a change in place throws. */
export const ledger: fc.Arbitrary<TokenLedger> = fc
  .record(
    {
      refreshToken: word,
      revoking: word,
      scope: word,
      tokens: fc.dictionary(fc.constantFrom('', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'), stored, {
        noNullPrototype: true,
        maxKeys: 11,
      }),
      attempt: fc.nat(20),
      lease: fc.record({ attempt: fc.nat(20), holder: word, beat: fc.nat(9) }, { noNullPrototype: true }),
      origin: fc.record(
        { from: word, attempt: fc.nat(20), date: time, late: fc.constant(true as const) },
        { requiredKeys: ['from', 'attempt'], noNullPrototype: true },
      ),
      spare: word,
      backOff,
      parameterBackOffs: fc.dictionary(fc.constantFrom('a', 'b', 'c'), backOff, { noNullPrototype: true }),
      doubt: fc.constantFrom('unknown', 'refused'),
    },
    { requiredKeys: ['tokens', 'attempt'], noNullPrototype: true },
  )
  .map(frozen)

/** Any session, frozen as well. */
export const session: fc.Arbitrary<SessionRecord> = fc
  .record(
    {
      id: word,
      issuer: fc.constant('https://login.example.com'),
      clientId: fc.constant('web'),
      generation: fc.nat(50),
      expiresAt: time,
      touchedAt: time,
      claims,
      idToken: word,
      ledger,
      browserIsCurrent: fc.constant(true as const),
      ended: fc.constantFrom('signed_out', 'grant_rejected', 'subject_changed'),
    },
    {
      requiredKeys: ['id', 'issuer', 'clientId', 'generation', 'expiresAt', 'touchedAt', 'claims', 'ledger'],
      noNullPrototype: true,
    },
  )
  .map(frozen)

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(frozen)
  return Object.freeze(value)
}
