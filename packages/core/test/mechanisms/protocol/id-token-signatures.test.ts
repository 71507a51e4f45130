import type { AuthorizationServerOptions, IdTokenTweak, SigningAlgorithm } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { randomId } from '../../../src/mechanisms/runtime/digest.ts'
import { failureOf } from '../bench.ts'
import type { RefreshResult } from '../../../src/ports/authorization-server.ts'
import { answering, createProtocolBench, NOW, type ProtocolBench, refresh } from '../protocol-bench.ts'

const SECRET = 'web-secret-for-tests-only'
const LISTED = ['RS256', 'RS384', 'PS256', 'ES256', 'HS256', 'none']

/** Signs in, and resolves to the claims. */
async function signIn(created: ProtocolBench, unused?: (token: string) => void) {
  return (await grantOf(created, unused)).claims
}

async function grantOf({ protocol, server }: ProtocolBench, unused = (_token: string) => {}) {
  const redirectUri = 'https://app.example.com/auth/callback'
  const transaction = { state: randomId(), nonce: randomId(), codeVerifier: randomId(), redirectUri }
  const url = await protocol.authorize(transaction, new URLSearchParams({ scope: 'openid' }))
  const response = await server.fetch(url, { redirect: 'manual' })
  const parameters = new URL(response.headers.get('location') ?? '').searchParams
  return protocol.redeem(parameters, transaction, unused)
}

function bench(server: AuthorizationServerOptions = {}, idTokenSigningAlgorithm?: string): ProtocolBench {
  return createProtocolBench({ server, protocol: { idTokenSigningAlgorithm } })
}

function withToken(tweak: IdTokenTweak, server?: AuthorizationServerOptions, expected?: string) {
  const created = bench(server, expected)
  created.server.always('token', { type: 'idToken', ...tweak })
  return created
}

/** A refusal whose message does not quote the token. */
const refused = expect.objectContaining({
  code: 'authorization_response_invalid',
  cause: { name: 'IdTokenError', code: 'ID_TOKEN_SIGNATURE' },
}) as unknown

describe('the signature of an ID token', () => {
  it.each<SigningAlgorithm>(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'])(
    'S9: is verified with %s, which the metadata lists',
    async (idTokenAlgorithm) => {
      const created = bench({ idTokenAlgorithm })
      expect(await signIn(created)).toMatchObject({ sub: 'user-1' })
      created.server.script('token', { type: 'idToken', signature: 'broken' })
      expect(await failureOf(signIn(created))).toEqual(refused)
    },
  )

  it('S9: is verified with the client secret only if HS256 is configured', async () => {
    const server = { idTokenAlgorithm: 'HS256' } as const
    expect(await signIn(bench(server, 'HS256'))).toMatchObject({ sub: 'user-1' })
    expect(await failureOf(signIn(withToken({ signature: 'broken' }, server, 'HS256')))).toEqual(refused)
    expect(await failureOf(signIn(bench(server)))).toEqual(refused)
  })

  it.each<[string, IdTokenTweak, string?]>([
    ['no signature', { signature: 'none' }],
    ['no signature, although `none` is expected', { signature: 'none', header: { alg: 'RS256' } }],
    ['another algorithm of the server', { algorithm: 'ES256' }],
    ['another algorithm than the configured one', { algorithm: 'RS256' }, 'ES256'],
    ['the client secret as key', { algorithm: 'HS256' }],
    ['the key ID of another kind of key', { header: { kid: 'key-1-ES256' } }],
    ['an algorithm that the signature does not have', { algorithm: 'PS256', header: { alg: 'RS256' } }],
    ['a critical extension', { header: { crit: ['b64'], b64: false } }],
  ])('S9: with %s is refused', async (_what, tweak, expected) => {
    const server = {
      idTokenAlgorithm: ['RS256', 'ES256', 'PS256'],
      metadata: { id_token_signing_alg_values_supported: LISTED },
    } as const
    expect(await failureOf(signIn(withToken(tweak, server, expected)))).toEqual(refused)
  })

  it('S9: with another algorithm than expected names the option, and no part of the token', async () => {
    const failure = (await failureOf(signIn(withToken({ algorithm: 'ES256' }, RS256_AND_ES256)))) as Error
    expect(failure.message).toBe(
      'Cannot sign in: the ID token is not signed with RS256. If the server uses another algorithm for this client, set `server.idTokenSigningAlgorithm`',
    )
  })

  it('S9: is verified before its `session_expiry` applies', async () => {
    const session_expiry = NOW + 7200
    for (const [signature, expected] of [
      [undefined, expect.closeTo(session_expiry, -1)],
      ['broken', undefined],
    ] as const) {
      const created = bench()
      const tweak = { claims: { session_expiry }, ...(signature && { signature }) }
      for (const kind of ['token', 'refresh'] as const)
        created.server.always(kind, { type: 'idToken', ...tweak })
      const refreshed = await refresh(created)
      expect(refreshed).toMatchObject({ kind: 'refreshed' })
      expect(refreshed.kind === 'refreshed' && refreshed.grant.sessionExpiry).toEqual(expected)
      if (!signature) expect(await grantOf(created)).toMatchObject({ sessionExpiry: expected })
    }
  })

  it('S9: of a refresh that is broken costs the claims, not the tokens', async () => {
    const created = bench()
    created.server.script('refresh', { type: 'idToken', signature: 'broken' })
    expect(await refresh(created)).toMatchObject({ kind: 'refreshed', idTokenIgnored: true })
    created.server.always('jwks', { type: 'status', status: 503 })
    await created.clock.advance(600_000)
    created.server.rotateKeys()
    const result = await refresh(created)
    expect(result).toMatchObject({ kind: 'refreshed', idTokenIgnored: true })
    expect(result).toHaveProperty('grant.refreshToken')
  })

  it('S9: of a refresh waits a second for the keys, because only this process has the new refresh token', async () => {
    const created = createProtocolBench({ fetch: answering({ '/jwks': () => new Promise(() => undefined) }) })
    let result: RefreshResult | undefined
    void refresh(created).then((given) => (result = given))
    await created.clock.advance(1000)
    expect(result).toMatchObject({ kind: 'refreshed', idTokenIgnored: true })
    expect(result).toHaveProperty('grant.refreshToken')
  })

  it('S8: needs keys: without them the sign-in can be tried later, and its refresh token is given back', async () => {
    const created = bench()
    created.server.script('jwks', { type: 'status', status: 503 })
    const unused: string[] = []
    const failure = await failureOf(signIn(created, (token) => void unused.push(token)))
    expect(failure).toMatchObject({ name: 'TryLaterError', code: 'authorization_server_unavailable' })
    expect(unused).toEqual([expect.stringMatching(/^rt_/)])
  })

  it.each([undefined, 'http://login.example.com/jwks', 'javascript:alert(1)', 7])(
    'S8: needs a `jwks_uri` on https: %j',
    async (uri) => {
      const failure = await failureOf(signIn(bench({ metadata: { jwks_uri: uri } })))
      expect(failure).toMatchObject({
        name: 'ConfigurationError',
        code: 'authorization_server_metadata_invalid',
      })
    },
  )
})

const RS256_AND_ES256 = { idTokenAlgorithm: ['RS256', 'ES256'] } as const

describe('S8: the keys for ID tokens', () => {
  it('are requested once, and again for each new key of the server, without a pause', async () => {
    const created = bench()
    const { server } = created
    for (let fetches = 1; fetches <= 3; fetches++) {
      await signIn(created)
      await signIn(created)
      expect(server.counts.jwks).toBe(fetches)
      server.rotateKeys()
    }
  })

  it('are requested again for a new key without an ID', async () => {
    const created = withToken(
      { header: { kid: undefined } },
      { keySet: (keys) => keys.map((key) => ({ ...key, kid: undefined })) },
    )
    await signIn(created)
    created.server.rotateKeys()
    expect(await signIn(created)).toMatchObject({ sub: 'user-1' })
    expect(created.server.counts.jwks).toBe(2)
  })

  it('are requested at most once a minute for a key that the server does not publish', async () => {
    const created = withToken({ header: { kid: 'unknown' } })
    for (let i = 0; i < 20; i++) expect(await failureOf(signIn(created))).toEqual(refused)
    expect(created.server.counts.jwks).toBe(1)
    await created.clock.advance(60_000)
    for (let i = 0; i < 20; i++) expect(await failureOf(signIn(created))).toEqual(refused)
    expect(created.server.counts.jwks).toBe(2)
  })

  it('are not kept from a rotation by forged logout tokens', async () => {
    const created = bench()
    const { server, protocol } = created
    await signIn(created)
    const forged = await server.logoutToken({ sub: 'user-1', header: { kid: 'unknown' } })
    await failureOf(protocol.verifyLogoutToken(forged))
    server.rotateKeys()
    expect(await signIn(created)).toMatchObject({ sub: 'user-1' })
  })

  it('can be many, malformed or huge: the right one is found, or the token is refused', async () => {
    const hostile = [
      { kty: 'EC', crv: 'P-256', x: '', y: '!', kid: 'key-1' },
      { kty: 'EC', crv: 'secp256k1', x: 'x', y: 'y', kid: 'key-1' },
      { kty: 'RSA', n: 'n'.repeat(100_000), e: 'A'.repeat(100_000), kid: 'key-1' },
      { kty: 'oct', k: SECRET, kid: 'key-1', alg: 'ES256' },
    ]
    const found = bench({ keySet: (keys) => [...hostile, ...keys] })
    expect(await signIn(found)).toMatchObject({ sub: 'user-1' })
    const many = Array.from({ length: 10_000 }, () => ({ kty: 'EC', crv: 'P-256', x: '', y: '' }))
    const lost = withToken({ header: { kid: undefined } }, { keySet: (keys) => [...many, ...keys] })
    expect(await failureOf(signIn(lost))).toEqual(refused)
    expect(lost.server.counts.jwks).toBe(1)
  })
})
