import { describe, expect, it } from 'vitest'
import { ConfigurationError, TryLaterError } from '../../src/vocabulary/index.ts'
import { failureOf } from './bench.ts'
import { canaryErrors, expectNoCanary } from './canaries.ts'
import { answering, createProtocolBench } from './protocol-bench.ts'

const OIDC = '/.well-known/openid-configuration'
const user = { sub: 'user-1' }

describe('the metadata of the authorization server', () => {
  it.each([
    ['https://other.example.com', 'https://login.example.com'],
    ['https://login.example.com//', 'https://login.example.com'],
    ['https://login.example.com/t/', 'https://login.example.com'],
    ['https://LOGIN.example.com', 'https://login.example.com'],
    ['https://login.example.com:443', 'https://login.example.com'],
    ['https://login.example.com/%74', 'https://login.example.com/t'],
  ])(
    'S8: the issuer %s is not %s: compared byte for byte, before any token is sent',
    async (named, expected) => {
      const metadata = {
        issuer: named,
        token_endpoint: 'https://login.example.com/token',
        authorization_endpoint: 'https://login.example.com/authorize',
      }
      const { protocol, server } = createProtocolBench({
        protocol: { issuer: expected },
        fetch: answering({ [OIDC]: () => Response.json(metadata) }),
      })
      const failure = await failureOf(protocol.ready())
      expect(failure).toBeInstanceOf(ConfigurationError)
      expect(failure).toMatchObject({ code: 'authorization_server_metadata_invalid' })
      expect(await protocol.refresh({ refreshToken: 'rt', parameters: {}, user })).toMatchObject({
        kind: 'misconfigured',
      })
      expect(server.counts.refresh).toBe(0)
    },
  )

  it('S8: is fetched once for a hundred that ask at the same time', async () => {
    const { protocol, server } = createProtocolBench()
    const grants = await Promise.all(Array.from({ length: 5 }, (_, i) => server.issue({ sub: `u${i}` })))
    const refreshes = grants.map(({ refresh_token = '' }) =>
      protocol.refresh({ refreshToken: refresh_token, parameters: {}, user: {} }),
    )
    await Promise.all([...refreshes, ...Array.from({ length: 95 }, () => protocol.ready())])
    expect([server.counts.discovery, server.counts.refresh]).toEqual([1, 5])
  })

  it('S8: a failure, or another issuer by then, keeps the old one, and nothing ends', async () => {
    const { protocol, server, clock } = createProtocolBench()
    await protocol.ready()
    for (const fault of [
      { type: 'status', status: 503 },
      { type: 'members', set: { issuer: 'https://evil.example' } },
    ] as const) {
      await clock.advance(3_600_000)
      server.script('discovery', fault)
      const { refresh_token = '' } = await server.issue()
      expect(await protocol.refresh({ refreshToken: refresh_token, parameters: {}, user })).toMatchObject({
        kind: 'refreshed',
      })
    }
    expect(server.counts.discovery).toBe(3)
  })

  it('is looked for where RFC 8414 puts it when OpenID Connect has none', async () => {
    const found: string[] = []
    const { protocol, server } = createProtocolBench({
      fetch: (url) => {
        found.push(new URL(url).pathname)
        if (url.endsWith(OIDC)) return Promise.resolve(new Response(null, { status: 404 }))
        return url.endsWith('oauth-authorization-server') ? server.fetch(server.issuer + OIDC) : undefined
      },
    })
    await protocol.ready()
    expect(found).toEqual([OIDC, '/.well-known/oauth-authorization-server'])
  })

  it.each([
    ['https://login.example.com', '', ''],
    ['https://login.example.com/', '', ''],
    ['https://login.example.com/a/b', '/a/b', '/a/b'],
    ['https://login.example.com/a/b/', '/a/b', '/a/b'],
  ])('of %s is looked for before %s/.well-known and behind it', async (issuer, before, behind) => {
    const found: string[] = []
    const { protocol } = createProtocolBench({
      protocol: { issuer },
      fetch: (url) => {
        found.push(url)
        return Promise.resolve(new Response(null, { status: 404 }))
      },
    })
    expect(await failureOf(protocol.ready())).toBeInstanceOf(ConfigurationError)
    expect(found).toEqual([
      `https://login.example.com${before}${OIDC}`,
      `https://login.example.com/.well-known/oauth-authorization-server${behind}`,
    ])
  })

  it('is not requested if `metadata` contains it, and the token endpoint is then probed', async () => {
    const { server, clock } = createProtocolBench()
    const metadata = (await (await server.fetch(`${server.issuer}${OIDC}`)).json()) as {
      readonly token_endpoint: string
    }
    const found: string[] = []
    const { protocol } = createProtocolBench({
      protocol: { metadata },
      server: { clock },
      fetch(url) {
        found.push(new URL(url).pathname)
        return undefined
      },
    })
    await protocol.ready()
    expect(found).toEqual([])
    expect(await protocol.isResponding()).toBe(true)
    expect(found).toEqual([new URL(metadata.token_endpoint).pathname])
  })

  it('is read only from the URL in `metadata`', async () => {
    const found: string[] = []
    const { protocol } = createProtocolBench({
      protocol: { metadata: 'https://mirror.example.com/metadata' },
      fetch: (url) => {
        found.push(url)
        return Promise.resolve(new Response(null, { status: 404 }))
      },
    })
    await failureOf(protocol.ready())
    expect(found).toEqual(['https://mirror.example.com/metadata'])
  })

  it.each<[string, () => Response]>([
    ['HTML', () => new Response('<p>canary</p>', { headers: { 'content-type': 'text/html' } })],
    ['cut JSON', () => new Response('{"canary":', { headers: { 'content-type': 'application/json' } })],
    ['an array', () => Response.json(['canary'])],
    ['null', () => Response.json(null)],
    ['no issuer', () => Response.json({ canary: 1 })],
    ['more than 512 KiB', () => Response.json({ canary: 'x'.repeat(524_288) })],
    ['S28: a redirect', () => Response.redirect('https://evil.example/canary', 302)],
  ])('%s instead of it: a wrong configuration, and the refresh token stays unused', async (_what, answer) => {
    const { protocol, server } = createProtocolBench({ fetch: answering({ [OIDC]: answer }) })
    const failure = await failureOf(protocol.ready())
    expect(failure).toBeInstanceOf(ConfigurationError)
    expect(failure).toMatchObject({
      code: 'authorization_server_metadata_invalid',
      message: expect.stringContaining('server.metadata') as string,
    })
    expectNoCanary(failure)
    expect(await protocol.refresh({ refreshToken: 'rt', parameters: {}, user })).toMatchObject({
      kind: 'misconfigured',
    })
    expect(server.log).toEqual([])
  })

  it('I5: repeats nothing of the error of a connection', async () => {
    for (const error of canaryErrors()) {
      const { protocol } = createProtocolBench({ fetch: () => Promise.reject(error) })
      const failure = await failureOf(protocol.ready())
      expect(failure).toBeInstanceOf(TryLaterError)
      expectNoCanary(failure, await protocol.refresh({ refreshToken: 'canary', parameters: {}, user }))
    }
  })

  it.each([
    ['token_endpoint', undefined],
    ['token_endpoint', 'not a URL'],
    ['token_endpoint', 'http://login.example.com/token'],
    ['authorization_endpoint', undefined],
    ['authorization_endpoint', 'http://login.example.com/authorize'],
    ['authorization_endpoint', 'javascript:alert(1)'],
  ])('S30: without a good %s (%s) it cannot be used', async (name, url) => {
    const { protocol, server } = createProtocolBench({ server: { metadata: { [name]: url } } })
    const failure = await failureOf(protocol.ready())
    expect(failure).toBeInstanceOf(ConfigurationError)
    expect(failure).toMatchObject({ message: expect.stringContaining(name) })
    expect(await protocol.refresh({ refreshToken: 'rt', parameters: {}, user })).toMatchObject({
      kind: 'misconfigured',
    })
    expect(server.counts.refresh).toBe(0)
  })

  it('S30: may be on plain http when the issuer was configured so', async () => {
    const issuer = 'http://127.0.0.1:9'
    const { protocol, server } = createProtocolBench({ server: { issuer } })
    const { refresh_token = '' } = await server.issue()
    expect(await protocol.refresh({ refreshToken: refresh_token, parameters: {}, user })).toMatchObject({
      kind: 'refreshed',
    })
  })

  it.each([
    'http://login.example.com',
    'http://127.0.0.1:9',
    'javascript:canary()',
    'data:,canary',
    'file:///canary',
  ])('S30: leads no request and no browser to %s', async (url) => {
    const hostile = { revocation_endpoint: url, end_session_endpoint: url, jwks_uri: url }
    const { protocol, server } = createProtocolBench({ server: { metadata: hostile } })
    const token = await server.issue()
    expect(await protocol.revoke(token.refresh_token ?? '')).toBe('failed')
    const failure = await failureOf(protocol.endSessionUrl({}))
    expect(failure).toMatchObject({ code: 'authorization_server_metadata_invalid' })
    expectNoCanary(failure)
    await failureOf(protocol.verifyLogoutToken(await server.logoutToken({ sub: 'user-1' })))
    expect(server.log.map(({ kind }) => kind)).toEqual(['discovery'])
  })

  it('S30: on loopback, a URL on http leads to no other host', async () => {
    const issuer = 'http://127.0.0.1:9'
    const endpoint = 'http://keycloak:8080/revoke'
    const { protocol, server } = createProtocolBench({
      server: { issuer, metadata: { revocation_endpoint: endpoint } },
    })
    expect(await protocol.revoke('rt')).toBe('failed')
    expect(server.log.map(({ kind }) => kind)).toEqual(['discovery'])
    const other = createProtocolBench({ server: { issuer, metadata: { token_endpoint: endpoint } } })
    expect(await failureOf(other.protocol.ready())).toBeInstanceOf(ConfigurationError)
  })

  it('is completed and replaced by `endpoints`, also if it is configured', async () => {
    const { server } = createProtocolBench()
    const { issuer } = server
    const endpoints = {
      revocation_endpoint: `${issuer}/revoke`,
      end_session_endpoint: `${issuer}/logout?policy=1`,
    }
    const advertised = { revocation_endpoint: undefined, end_session_endpoint: `${issuer}/wrong` }
    const metadata = { token_endpoint: `${issuer}/token` }
    for (const options of [
      { server: { metadata: advertised }, protocol: { endpoints } },
      { protocol: { metadata, endpoints: { ...endpoints, authorization_endpoint: `${issuer}/authorize` } } },
    ]) {
      const bench = createProtocolBench(options)
      const { refresh_token = '' } = await bench.server.issue()
      expect(await bench.protocol.revoke(refresh_token)).toBe('revoked')
      expect((await bench.protocol.endSessionUrl({}))?.href).toBe(`${issuer}/logout?policy=1`)
    }
  })
})
