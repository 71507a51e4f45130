import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { selfSignedTlsClientAuth, tlsClientAuth } from '../../../src/mtls.ts'
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

  const none = benchWith({ mtls_endpoint_aliases: { token_endpoint: null } })
  expect(await refresh(none)).toMatchObject({ kind: 'refreshed' })
  expect(none.urls).toEqual([`${none.server.issuer}/token`])
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
