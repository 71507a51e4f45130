import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  fapiAlgorithms,
  type FapiChoices,
  isFapiAlgorithm,
  missingMetadata,
  withFapiAlgorithms,
} from '../../../src/rules/fapi/metadata.ts'
import { violatedOption } from '../../../src/rules/fapi/options.ts'

const DPOP: FapiChoices = { senderConstraint: 'dpop', messageSigning: false }
const choices = fc.record({
  senderConstraint: fc.constantFrom('dpop' as const, 'mtls' as const),
  messageSigning: fc.boolean(),
})
const algorithm = fc.constantFrom(
  'PS256',
  'ES256',
  'EdDSA',
  'Ed25519',
  'RS256',
  'PS384',
  'ES384',
  'HS256',
  'none',
)

/** Metadata that meets all requirements. */
const METADATA = {
  issuer: 'https://bank.example.com',
  pushed_authorization_request_endpoint: 'https://bank.example.com/par',
  authorization_response_iss_parameter_supported: true,
  code_challenge_methods_supported: ['S256'],
  token_endpoint_auth_methods_supported: ['private_key_jwt'],
  response_types_supported: ['code'],
  id_token_signing_alg_values_supported: ['PS256'],
  dpop_signing_alg_values_supported: ['PS256', 'ES256'],
  tls_client_certificate_bound_access_tokens: true,
  response_modes_supported: ['query', 'jwt'],
  authorization_signing_alg_values_supported: ['PS256'],
}

describe('the algorithms of FAPI 2.0', () => {
  it('are never others than PS256, ES256 and EdDSA, whatever a server lists', () => {
    fc.assert(
      fc.property(fc.oneof(fc.array(algorithm), fc.anything()), (listed) => {
        const allowed = fapiAlgorithms(listed)
        expect(allowed.every(isFapiAlgorithm)).toBe(true)
        if (!Array.isArray(listed)) expect(allowed).not.toEqual([])
        for (const name of ['RS256', 'none', 'HS256']) expect(allowed).not.toContain(name)
      }),
    )
  })

  it('replace those of the metadata, for all responses that the server signs', () => {
    const lists = fc.record({
      id_token_signing_alg_values_supported: fc.array(algorithm),
      authorization_signing_alg_values_supported: fc.option(fc.array(algorithm), { nil: undefined }),
      userinfo_signing_alg_values_supported: fc.option(fc.array(algorithm), { nil: undefined }),
    })
    fc.assert(
      fc.property(lists, (listed) => {
        const { issuer, ...changed } = withFapiAlgorithms({ issuer: 'https://bank.example.com', ...listed })
        expect(issuer).toBe('https://bank.example.com')
        const expected = Object.entries(listed).map(([name, value]) => [name, fapiAlgorithms(value)])
        expect(changed).toEqual(Object.fromEntries(expected))
      }),
    )
  })
})

describe('the metadata', () => {
  it('of a complete server lacks nothing', () => {
    fc.assert(
      fc.property(choices, (chosen) => {
        expect(missingMetadata(METADATA, chosen)).toEqual([])
      }),
    )
  })

  it.each([
    ['pushed_authorization_request_endpoint', undefined, DPOP],
    ['authorization_response_iss_parameter_supported', undefined, DPOP],
    ['authorization_response_iss_parameter_supported', false, DPOP],
    ['code_challenge_methods_supported', undefined, DPOP],
    ['code_challenge_methods_supported', ['plain'], DPOP],
    ['token_endpoint_auth_methods_supported', ['client_secret_basic'], DPOP],
    ['response_types_supported', ['id_token'], DPOP],
    ['id_token_signing_alg_values_supported', ['RS256', 'none'], DPOP],
    ['dpop_signing_alg_values_supported', ['RS256'], DPOP],
    ['tls_client_certificate_bound_access_tokens', undefined, { ...DPOP, senderConstraint: 'mtls' }],
    ['response_modes_supported', ['query'], { ...DPOP, messageSigning: true }],
    ['authorization_signing_alg_values_supported', ['RS256'], { ...DPOP, messageSigning: true }],
  ] as const)('lacks only `%s` if it is %j', (name, value, chosen) => {
    const missing = missingMetadata({ ...METADATA, [name]: value }, chosen)
    expect(missing).toHaveLength(1)
    expect(missing[0]).toContain(name)
  })

  it('can omit lists whose default is open, and the parts of choices that were not made', () => {
    const {
      token_endpoint_auth_methods_supported: _,
      response_types_supported: __,
      id_token_signing_alg_values_supported: ___,
      dpop_signing_alg_values_supported: ____,
      tls_client_certificate_bound_access_tokens: _____,
      response_modes_supported: ______,
      authorization_signing_alg_values_supported: _______,
      ...rest
    } = METADATA
    expect(missingMetadata(rest, DPOP)).toEqual([])
    // The signed response names the issuer.
    const { authorization_response_iss_parameter_supported: ________, ...unnamed } = rest
    expect(missingMetadata(unnamed, { ...DPOP, messageSigning: true })).toEqual([])
  })

  it('can be anything, and causes no other error', () => {
    const names = Object.keys(METADATA).map((name) => [name, fc.anything()] as const)
    fc.assert(
      fc.property(fc.record(Object.fromEntries(names)), choices, (metadata, chosen) => {
        expect(Array.isArray(missingMetadata(metadata, chosen))).toBe(true)
      }),
    )
  })
})

describe('the options', () => {
  it.each([
    ['clientSecret', 'secret'],
    ['clientAuthentication', 'none'],
    ['senderConstraint', {}],
    ['authorizationRequest', {}],
    ['insecureHosts', ['keycloak']],
    ['server.metadata', { token_endpoint: 'https://bank.example.com/token' }],
    ['server.endpoints', { token_endpoint: 'https://bank.example.com/token' }],
    ['server.issuerInMetadata', 'any'],
    ['server.tenants', ['one']],
    ['server.nonce', false],
    ['server.idTokenSigningAlgorithm', 'RS256'],
    ['server.idTokenSigningAlgorithm', 'PS384'],
    ['server.userInfo.url', 'https://other.example.com/me'],
    ['server.revocation', { url: 'https://other.example.com/revoke', authentication: 'bearer' }],
    ['server.tokenRequest', { format: 'query' }],
    ['server.tokenHeader', { name: 'X-Token' }],
    ['server.redirectUri', 'a registered name'],
    ['server.dialect', { readTokenResponse: () => ({}) }],
    ['server.dialect', { revoke: async () => 'revoked' }],
    ['server.endSession.url', 'https://other.example.com/logout'],
    ['responseMode.algorithm', 'RS256'],
    ['responseMode.algorithm', 'HS256'],
  ])('cannot have %s: %j', (name, value) => {
    const toOptions = (member: unknown, key: string) => ({ [key]: member })
    const options = name.split('.').reduceRight(toOptions, value as unknown) as object
    fc.assert(
      fc.property(choices, (chosen) => {
        const violation = violatedOption({ ...options, fetch }, chosen)
        expect(violation?.name).toBe(name)
        expect(violation?.problem).toMatch(/^is not allowed with `fapi2\(\)`\. (?:Remove it|Use)/)
      }),
    )
  })

  it('can have all values that do not weaken the profile, also those of the defaults', () => {
    const server = {
      issuer: 'https://bank.example.com',
      metadata: 'https://bank.example.com/metadata',
      endpoints: {},
      tenants: [],
      issuerInMetadata: 'equal',
      nonce: true,
      idTokenSigningAlgorithm: 'ES256',
      userInfo: { claims: () => ({}) },
    }
    const options = { server, fetch, insecureHosts: [], clientSecret: undefined, responseMode: 'form_post' }
    expect(violatedOption(options, DPOP)).toBeUndefined()
    expect(
      violatedOption({ ...options, responseMode: {} }, { ...DPOP, messageSigning: true }),
    ).toBeUndefined()
  })

  it('need a signed response with `messageSigning`, and a `fetch` with `mtls`', () => {
    const unsigned = violatedOption({ responseMode: 'form_post' }, { ...DPOP, messageSigning: true })
    expect(unsigned?.name).toBe('responseMode')
    const bare = violatedOption({}, { ...DPOP, senderConstraint: 'mtls' })
    expect(bare).toMatchObject({ name: 'fetch', problem: expect.stringContaining('is missing') })
  })

  it('can be anything, and cause no other error', () => {
    const options = fc.dictionary(
      fc.constantFrom('server', 'insecureHosts', 'responseMode', 'fetch', 'clientSecret'),
      fc.anything(),
    )
    fc.assert(
      fc.property(options, choices, (given, chosen) => {
        expect(typeof violatedOption(given, chosen)).toMatch(/^(?:undefined|object)$/)
      }),
    )
  })
})
