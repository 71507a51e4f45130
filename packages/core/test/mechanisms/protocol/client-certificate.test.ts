import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clientSecretPost, none } from '../../../src/credentials.ts'
import { certificateBound, selfSignedTlsClientAuth, tlsClientAuth } from '../../../src/mtls.ts'
import { failureOf } from '../bench.ts'
import { expectNoCanary } from '../canaries.ts'
import { createProtocolBench, refresh } from '../protocol-bench.ts'

const ALIASES = {
  token_endpoint: 'https://mtls.example.com/token',
  revocation_endpoint: 'https://mtls.example.com/revoke',
}

/** The protocol, and the URLs to which it sends requests. */
function benchWith(
  metadata: Record<string, unknown>,
  authentication = tlsClientAuth(),
  endpoints: Record<string, unknown> = {},
) {
  const urls: string[] = []
  const forms: URLSearchParams[] = []
  const bench = createProtocolBench({
    server: { clients: [{ id: 'web' }], metadata },
    protocol: { authentication, endpoints },
    fetch(url, init) {
      if (init?.method !== 'POST') return undefined
      urls.push(url)
      forms.push(new URLSearchParams(init.body as URLSearchParams))
      return Promise.resolve(Response.json({ access_token: 'at', token_type: 'bearer', expires_in: 300 }))
    },
  })
  return { ...bench, urls, forms }
}

describe.each([tlsClientAuth(), selfSignedTlsClientAuth()])('$method', (authentication) => {
  it('S20: sends requests to the aliases, with the client ID alone', async () => {
    const { protocol, urls, forms, ...bench } = benchWith({ mtls_endpoint_aliases: ALIASES }, authentication)
    expect(await refresh({ ...bench, protocol })).toMatchObject({ kind: 'refreshed' })
    expect(await protocol.revoke('rt')).toBe('revoked')
    expect(urls).toEqual(Object.values(ALIASES))
    for (const form of forms) {
      expect(form.get('client_id')).toBe('web')
      expect(form.has('client_secret') || form.has('client_assertion')).toBe(false)
    }
  })

  it('S20: sends requests to the usual endpoints if there are no aliases', async () => {
    const bench = benchWith({}, authentication)
    expect(await refresh(bench)).toMatchObject({ kind: 'refreshed' })
    expect(bench.urls).toEqual([`${bench.server.issuer}/token`])
  })
})

it('S20: aliases change neither the issuer nor the endpoint that browsers open', async () => {
  const aliases = {
    issuer: 'https://mtls.example.com',
    authorization_endpoint: 'https://mtls.example.com/authorize',
  }
  const { protocol, server } = benchWith({ mtls_endpoint_aliases: aliases })
  const transaction = { state: 's', nonce: 'n', codeVerifier: 'v', redirectUri: 'https://app.example.com/cb' }
  const url = await protocol.authorize(transaction, new URLSearchParams())
  expect(url.origin).toBe(new URL(server.issuer).origin)
})

it('S20: an endpoint that the application sets wins, and an alias that is null changes nothing', async () => {
  const tokenUrl = 'https://proxy.example.com/token'
  const set = benchWith({ mtls_endpoint_aliases: ALIASES }, tlsClientAuth(), { token_endpoint: tokenUrl })
  expect(await refresh(set)).toMatchObject({ kind: 'refreshed' })
  expect(await set.protocol.revoke('rt')).toBe('revoked')
  expect(set.urls).toEqual([tokenUrl, ALIASES.revocation_endpoint])

  const empty = benchWith({ mtls_endpoint_aliases: { token_endpoint: null } })
  expect(await refresh(empty)).toMatchObject({ kind: 'refreshed' })
  expect(empty.urls).toEqual([`${empty.server.issuer}/token`])
})

it('S20: aliases that the application sets are used', async () => {
  const bench = benchWith({}, tlsClientAuth(), { mtls_endpoint_aliases: ALIASES })
  expect(await refresh(bench)).toMatchObject({ kind: 'refreshed' })
  expect(bench.urls).toEqual([ALIASES.token_endpoint])
})

it('S20: an alias on plain http gets no request', async () => {
  const bench = benchWith({ mtls_endpoint_aliases: { token_endpoint: 'http://mtls.example.com/token' } })
  expect(await refresh(bench)).toMatchObject({ kind: 'misconfigured' })
  expect(bench.urls).toEqual([])
})

describe('certificateBound()', () => {
  const jwt = (claims: object) =>
    [{ alg: 'ES256' }, claims]
      .map((part) => btoa(JSON.stringify(part)))
      .join('.')
      .replaceAll('=', '') + '.c2ln'
  const bound = jwt({ cnf: { 'x5t#S256': 'hash' } })

  function benchFor(metadata: Record<string, unknown>, token: string, authentication = none()) {
    const urls: string[] = []
    const bench = createProtocolBench({
      server: { clients: [{ id: 'web' }], metadata },
      protocol: { authentication, senderConstraint: certificateBound() },
      fetch(url, init) {
        if (init?.method !== 'POST') return undefined
        urls.push(url)
        const members = { access_token: token, refresh_token: 'next', token_type: 'bearer', expires_in: 300 }
        return Promise.resolve(Response.json(members))
      },
    })
    return { ...bench, urls }
  }

  it.each([none(), clientSecretPost('secret'), tlsClientAuth()])(
    'S20: sends requests to the aliases with $method',
    async (authentication) => {
      const bench = benchFor({ mtls_endpoint_aliases: ALIASES }, bound, authentication)
      expect(await refresh(bench)).toMatchObject({
        kind: 'refreshed',
        grant: { accessToken: { value: bound, type: 'Bearer' } },
      })
      expect(bench.urls).toEqual([ALIASES.token_endpoint])
    },
  )

  it.each([
    ['names a certificate', bound, true],
    ['is opaque', 'opaque', true],
    ['is encrypted', 'a.b.c.d.e', true],
    ['names no key', jwt({ sub: 'alice' }), false],
    ['names another key', jwt({ cnf: { jkt: 'canary' } }), false],
    ['has a malformed confirmation', jwt({ cnf: null }), false],
  ])('RFC 8705 §3.1: a token that %s is used only if it may be bound', async (_what, token, isUsable) => {
    const bench = benchFor({ tls_client_certificate_bound_access_tokens: true }, token)
    const result = await refresh(bench)
    if (isUsable) return expect(result).toMatchObject({ grant: { accessToken: { value: token } } })
    // The refresh token is kept.
    const grant = { refreshToken: 'next', unknownType: 'not bound to the certificate' }
    expect(result).toMatchObject({ kind: 'refreshed', grant })
    expect(result).not.toHaveProperty('grant.accessToken')
    return expectNoCanary(result)
  })

  it('a server that binds no tokens to certificates gets no request', async () => {
    const bench = benchFor({ tls_client_certificate_bound_access_tokens: false }, bound)
    expect(await failureOf(bench.protocol.ready())).toMatchObject({
      name: 'ConfigurationError',
      code: 'sender_constraint_refused',
    })
    expect(await refresh(bench)).toMatchObject({ kind: 'misconfigured' })
    expect(bench.urls).toEqual([])
  })
})

it('S20: never throws, whatever the aliases are', async () => {
  const strange = fc.oneof(fc.jsonValue(), fc.record({ token_endpoint: fc.jsonValue() }))
  await fc.assert(
    fc.asyncProperty(strange, async (aliases) => {
      const result = await refresh(benchWith({ mtls_endpoint_aliases: aliases }))
      expect(['refreshed', 'misconfigured']).toContain(result.kind)
    }),
    { numRuns: 100 },
  )
})
