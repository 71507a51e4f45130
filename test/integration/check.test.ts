import { createFlights } from '@evertoken/core/adapter'
import { check, type CheckableApplication } from '@evertoken/core/check'
import { dpop } from '@evertoken/core/dpop'
import { certificateBound } from '@evertoken/core/mtls'
import { createTokenManagement } from '@evertoken/core/tokens'
import { createClientTokens } from '@evertoken/node/client'
import { createWorld } from '@evertoken/testkit/world'
import { describe, expect, it } from 'vitest'
import { createApplication } from './application.ts'

describe('check', () => {
  it('finds nothing if all is well', async () => {
    expect(await check(createApplication().auth)).toEqual([])
    expect(await createApplication().auth.check()).toEqual([])
  })

  it('reports a failed discovery with its message', async () => {
    const { auth, server } = createApplication()
    server.always('discovery', { type: 'status', status: 403 })
    expect(await check(auth)).toEqual([
      {
        code: 'authorization_server_metadata_invalid',
        severity: 'error',
        message: expect.stringContaining('(status 403). Check `issuer`, or set `server.metadata`') as string,
      },
    ])
  })

  it('reports each feature that the metadata lacks', async () => {
    const metadata = {
      token_endpoint_auth_methods_supported: ['private_key_jwt'],
      response_types_supported: ['id_token'],
      scopes_supported: ['openid'],
      grant_types_supported: ['authorization_code'],
      code_challenge_methods_supported: ['plain'],
      revocation_endpoint: undefined,
      end_session_endpoint: undefined,
      jwks_uri: undefined,
    }
    const findings = await check(createApplication({ scope: 'openid offline_access' }, { metadata }).auth)
    expect(findings.map(({ code, severity }) => `${severity} ${code}`)).toEqual([
      'error client_authentication_unsupported',
      'error response_type_unsupported',
      'error keys_unavailable',
      'warning scope_unsupported',
      'warning refresh_unsupported',
      'warning pkce_unsupported',
      'warning revocation_unsupported',
      'warning sign_out_unsupported',
    ])
    expect(findings[3]?.message).toContain("'offline_access'")
  })

  it.each([
    [dpop(), {}, ['sender_constraint_unsupported']],
    [dpop(), { dpop_signing_alg_values_supported: ['ES256'] }, []],
    [certificateBound(), {}, ['sender_constraint_unsupported']],
    [certificateBound(), { tls_client_certificate_bound_access_tokens: true }, []],
    [
      certificateBound(),
      { tls_client_certificate_bound_access_tokens: false },
      ['sender_constraint_refused'],
    ],
  ])('reports a server that may not bind tokens: %j, %j', async (senderConstraint, metadata, codes) => {
    const findings = await check(createApplication({ senderConstraint }, { metadata }).auth)
    expect(findings.map(({ code }) => code)).toEqual(codes)
  })

  it.each([
    [() => new Response('<p>canary</p>', { status: 404 }), '(status 404, without a list of keys)'],
    [() => Response.json({ keys: [] }), '(status 200, without a list of keys)'],
    [() => Promise.reject(new TypeError('canary', { cause: { code: 'ECONNREFUSED' } })), '(ECONNREFUSED)'],
  ])('reports keys that are not available', async (respond, reason) => {
    const metadata = { jwks_uri: 'https://keys.example.com/jwks?key=canary' }
    const application = createApplication(
      {
        fetch: async (input, init) =>
          new Request(input).url.startsWith('https://keys')
            ? respond()
            : application.server.fetch(input, init),
      },
      { metadata },
    )
    const findings = await check(application.auth)
    expect(findings).toEqual([
      {
        code: 'keys_unavailable',
        severity: 'error',
        message: `The keys at https://keys.example.com/jwks are not available ${reason}, so ID tokens cannot be verified.`,
      },
    ])
  })

  it('reports a clock that differs by more than 30 seconds', async () => {
    const application = createApplication({
      async fetch(input, init) {
        const response = await application.server.fetch(input, init)
        response.headers.set('date', new Date((application.clock.now() + 90) * 1000).toUTCString())
        return response
      },
    })
    expect(await check(application.auth)).toMatchObject([
      {
        code: 'clock_offset',
        severity: 'warning',
        message: expect.stringMatching(/ by 9[01] seconds/) as string,
      },
    ])
  })

  it('uses the method and the scope that requests have', async () => {
    const metadata = {
      token_endpoint_auth_methods_supported: ['client_secret_post'],
      scopes_supported: ['openid'],
    }
    expect(await check(createApplication({}, { metadata }).auth)).toEqual([])
    const clientAuthentication = 'client_secret_basic'
    const findings = await check(createApplication({ clientAuthentication }, { metadata }).auth)
    expect(findings).toMatchObject([{ code: 'client_authentication_unsupported' }])
  })

  it('checks an application whose users sign in elsewhere, and a service without users', async () => {
    const metadata = {
      response_types_supported: [],
      code_challenge_methods_supported: [],
      grant_types_supported: [],
      jwks_uri: undefined,
    }
    const { options, authorizationServer: server } = createWorld({ authorizationServer: { metadata } })
    const { issuer, clientId, clientSecret, encryptionSecret, store, fetch, clock } = options
    const client = { issuer, clientId, clientSecret, fetch, clock }
    const context = { run: <T>(_value: object, work: () => T) => work(), get: () => undefined }
    const runtime = { context, flights: createFlights(), keepAlive() {} }
    const tokens = createTokenManagement({ ...client, encryptionSecret, store }, runtime)
    for (const application of [tokens, createClientTokens(client)])
      expect(await check(application)).toMatchObject([{ code: 'refresh_unsupported' }])
    expect(server.counts.discovery).toBe(2)
  })

  it('refuses another object, and names the remedy', async () => {
    const error = {
      code: 'invalid_option',
      message: expect.stringContaining('`auth.bind(env, ctx)`') as string,
    }
    await expect(check({} as CheckableApplication)).rejects.toMatchObject(error)
  })
})
