import { describe, expect, it } from 'vitest'
import { randomId, sha256 } from '../../src/mechanisms/runtime/digest.ts'
import type { LoginTransaction } from '../../src/ports/authorization-server.ts'
import { ConfigurationError, RequestRefusedError, TryLaterError } from '../../src/vocabulary/index.ts'
import { failureOf } from './bench.ts'
import { CANARIES, canaryErrors, expectNoCanary } from './canaries.ts'
import { answering, createProtocolBench, type ProtocolBench, USER } from './protocol-bench.ts'

const REDIRECT_URI = 'https://app.example.com/auth/callback'

interface Approved {
  readonly transaction: LoginTransaction
  readonly response: URLSearchParams
  readonly url: URL
}

function newTransaction(): LoginTransaction {
  return { state: randomId(), nonce: randomId(), codeVerifier: randomId(), redirectUri: REDIRECT_URI }
}

/** Goes to the authorization server and comes back with its response. */
async function approve({ protocol, server }: ProtocolBench, parameters = {}): Promise<Approved> {
  const transaction = newTransaction()
  const query = new URLSearchParams({ scope: 'openid', ...parameters })
  const url = await protocol.authorize(transaction, query)
  const answer = await server.fetch(url, { redirect: 'manual' })
  return { transaction, url, response: new URL(answer.headers.get('location') ?? '').searchParams }
}

async function failedSignIn(
  bench: ProtocolBench,
  change: (approved: Approved) => void = () => undefined,
): Promise<unknown> {
  const approved = await approve(bench)
  change(approved)
  return failureOf(bench.protocol.redeem(approved.response, approved.transaction, ignore))
}

const ignore = () => undefined

function refused(): unknown {
  return expect.objectContaining({ name: 'RequestRefusedError', code: 'authorization_response_invalid' })
}

describe('signing in', () => {
  it('brings the tokens and the claims about the user', async () => {
    const bench = createProtocolBench({ server: { user: { sub: 'user-1', claims: { name: 'Ann' } } } })
    const { response, transaction } = await approve(bench)
    const grant = await bench.protocol.redeem(response, transaction, ignore)
    expect(grant).toMatchObject({ claims: { sub: 'user-1', name: 'Ann' }, scope: 'openid' })
    expect(grant.refreshToken).toMatch(/^rt_/)
    expect(grant.claims).not.toHaveProperty('nonce')
  })

  it("I9: a cold process dates the tokens by the server's clock, which the token response shows", async () => {
    const ahead = 240
    const bench: ProtocolBench = createProtocolBench({
      async fetch(url, init) {
        const response = await bench.server.fetch(url, init)
        response.headers.delete('date')
        const date = new Date((bench.clock.now() + ahead) * 1000).toUTCString()
        if (url.endsWith('/token')) response.headers.set('date', date)
        return response
      },
    })
    const { response, transaction } = await approve(bench)
    expect(bench.serverClock.read().server).toBeUndefined()
    const { accessToken } = await bench.protocol.redeem(response, transaction, ignore)
    expect(accessToken).toMatchObject({ obtainedAt: bench.clock.now() + ahead + 0.5, ahead: ahead + 0.5 })
  })

  it('S7: asks with S256 of the verifier, which stays here', async () => {
    const { transaction, url } = await approve(createProtocolBench())
    expect(url.searchParams.get('code_challenge_method')).toBe('S256')
    expect(url.searchParams.get('code_challenge')).toBe(await sha256(transaction.codeVerifier))
    expect(url.search).not.toContain(transaction.codeVerifier)
  })

  it.each([
    ['https://login.example.com/', 'https://login.example.com', {}],
    ['https://login.example.com', 'https://login.example.com/', {}],
    ['https://login.example.com/t-1/v2.0', 'https://policies.example.com', { issuerInMetadata: 'any' }],
    [
      'https://login.example.com/t-1/v2.0',
      'https://login.example.com/common/v2.0',
      { tenants: ['t-0', 't-1'] },
    ],
  ] as const)('S8: as %s, configured as %s', async (iss, issuer, rules) => {
    const metadata = 'tenants' in rules ? { issuer: iss.replace('t-1', '{tenantid}') } : {}
    const bench = createProtocolBench({
      server: { issuer: iss, metadata },
      protocol: { issuer, metadata: `${iss.replace(/\/$/, '')}/.well-known/openid-configuration`, ...rules },
    })
    const claims = { tid: 't-1' }
    for (const kind of ['token', 'refresh'] as const) bench.server.always(kind, { type: 'idToken', claims })
    const { response, transaction } = await approve(bench)
    const grant = await bench.protocol.redeem(response, transaction, ignore)
    expect(grant).toMatchObject({ claims: { sub: 'user-1' } })
    // A cookie session might not have enough space for the ID token of the sign-in.
    let { refreshToken = '' } = grant
    for (const idToken of [grant.idToken, undefined]) {
      const refreshed = await bench.protocol.refresh({ refreshToken, idToken, parameters: {}, user: USER })
      expect(refreshed).toMatchObject({ kind: 'refreshed', grant: { claims: { sub: 'user-1' } } })
      if (refreshed.kind === 'refreshed') refreshToken = refreshed.grant.refreshToken ?? ''
    }
    const logoutToken = await bench.server.logoutToken({ sub: 'user-1', claims })
    expect(await bench.protocol.verifyLogoutToken(logoutToken)).toMatchObject({ sub: 'user-1' })
  })

  it('S8: of another tenant is refused, and a template needs a list of tenants', async () => {
    const issuer = 'https://login.example.com/common/v2.0'
    const template = 'https://login.example.com/{tenantid}/v2.0'
    const metadata = 'https://login.example.com/t-1/v2.0/.well-known/openid-configuration'
    const server = { issuer: 'https://login.example.com/t-1/v2.0', metadata: { issuer: template } }
    const other = createProtocolBench({ server, protocol: { issuer, metadata, tenants: ['t-0', 't-10'] } })
    expect(await failedSignIn(other)).toEqual(refused())
    expect(await failedSignIn(other, ({ response }) => response.delete('iss'))).toEqual(refused())
    const without = createProtocolBench({ server, protocol: { issuer, metadata } })
    expect(await failureOf(without.protocol.ready())).toMatchObject({
      code: 'authorization_server_metadata_invalid',
      message: expect.stringContaining('`server.tenants`'),
    })
  })

  it.each([{}, { tid: 't-0' }, { tid: ['t-1'] }])(
    'S8: of a tenant that its `tid` %j does not name is refused',
    async (claims) => {
      const issuer = 'https://login.example.com/t-1/v2.0'
      const bench = createProtocolBench({
        server: { issuer, metadata: { issuer: issuer.replace('t-1', '{tenantid}') } },
        protocol: {
          issuer: 'https://login.example.com/common/v2.0',
          metadata: `${issuer}/.well-known/openid-configuration`,
          tenants: ['t-0', 't-1'],
        },
      })
      bench.server.always('token', { type: 'idToken', claims })
      expect(await failedSignIn(bench)).toEqual(refused())
    },
  )

  it('reaches the server at its internal address, and sends browsers to the public one', async () => {
    const issuer = 'https://login.example.com'
    const asked: string[] = []
    const bench: ProtocolBench = createProtocolBench({
      server: { issuer },
      protocol: { internalUrl: 'http://localhost:8080' },
      fetch(url, init) {
        asked.push(new URL(url).origin)
        return bench.server.fetch(url.replace('http://localhost:8080', issuer), init)
      },
    })
    const { response, transaction, url } = await approve(bench)
    expect(url.origin).toBe(issuer)
    const { refreshToken = '' } = await bench.protocol.redeem(response, transaction, ignore)
    expect(await bench.protocol.revoke(refreshToken)).toBe('revoked')
    expect(await bench.protocol.isResponding()).toBe(true)
    expect(asked).toEqual(Array.from({ length: 6 }, () => 'http://localhost:8080'))
  })

  it.each([
    [undefined, true, 'openid offline_access'],
    [['openid', 'offline_access'], true, 'openid offline_access'],
    [['openid'], true, 'openid'],
    [['openid'], false, 'openid offline_access'],
  ])(
    'asks for offline_access if the server lists %j and the scope is the default: %s',
    async (supported, isDefaultScope, asked) => {
      const bench = createProtocolBench({
        server: { metadata: { scopes_supported: supported } },
        protocol: { isDefaultScope },
      })
      const url = await bench.protocol.authorize(
        newTransaction(),
        new URLSearchParams({ scope: 'openid offline_access' }),
      )
      expect(url.searchParams.get('scope')).toBe(asked)
      const more = await bench.protocol.authorize(
        newTransaction(),
        new URLSearchParams({ scope: 'openid mail offline_access' }),
      )
      expect(more.searchParams.get('scope')).toBe('openid mail offline_access')
    },
  )

  it('S7: lets no parameter replace its own', async () => {
    const own = [
      'client_id',
      'response_type',
      'redirect_uri',
      'state',
      'nonce',
      'code_challenge',
      'code_challenge_method',
    ]
    const { url, transaction } = await approve(
      createProtocolBench(),
      Object.fromEntries(own.map((name) => [name, 'theirs'])),
    )
    for (const name of own) expect(url.searchParams.getAll(name)).not.toContain('theirs')
    expect(url.searchParams.getAll('state')).toEqual([transaction.state])
    expect(url.searchParams.getAll('redirect_uri')).toEqual([REDIRECT_URI])
  })

  it.each<[string, (approved: Approved) => void]>([
    ['another state', ({ response }) => response.set('state', 'x'.repeat(43))],
    ['no state', ({ response }) => response.delete('state')],
    ['two states', ({ response }) => response.append('state', response.get('state') ?? '')],
    ['S17: another issuer', ({ response }) => response.set('iss', 'https://evil.example')],
    ['S17: no issuer where one was promised', ({ response }) => response.delete('iss')],
    ['no code', ({ response }) => response.delete('code')],
    ['two codes', ({ response }) => response.append('code', 'canary')],
    ['an error in addition to the code', ({ response }) => response.set('error', 'canary')],
  ])('refuses a response with %s, before the code is sent', async (_what, change) => {
    const bench = createProtocolBench()
    const failure = await failedSignIn(bench, change)
    expect(failure).toEqual(refused())
    expectNoCanary(failure)
    expect(bench.server.counts.token).toBe(0)
  })

  it('S7: refuses a code for another verifier', async () => {
    const failure = await failedSignIn(createProtocolBench(), ({ transaction }) => {
      Object.assign(transaction, { codeVerifier: 'x'.repeat(43) })
    })
    expect(failure).toMatchObject({
      code: 'authorization_response_invalid',
      cause: { error: 'invalid_grant' },
    })
  })

  it.each<[string, object]>([
    ['another nonce', { claims: { nonce: 'x' } }],
    ['no nonce', { claims: { nonce: undefined } }],
    ['another audience', { claims: { aud: 'another' } }],
    ['another authorized party', { claims: { azp: 'another' } }],
    ['another issuer', { claims: { iss: 'https://evil.example' } }],
    ['an expiry in the past', { claims: { exp: 1_700_000_000 } }],
    ['no subject', { claims: { sub: undefined } }],
    ['no signature', { signature: 'none' }],
  ])('S9: refuses an ID token with %s', async (_what, tweak) => {
    const bench = createProtocolBench()
    bench.server.script('token', { type: 'idToken', ...tweak })
    expect(await failedSignIn(bench)).toEqual(refused())
  })

  it('S9: sends and expects no nonce for a server that drops it', async () => {
    const bench = createProtocolBench({ protocol: { nonce: false } })
    const { response, transaction, url } = await approve(bench)
    expect(url.searchParams.has('nonce')).toBe(false)
    const { claims } = await bench.protocol.redeem(response, transaction, ignore)
    expect(claims).toMatchObject({ sub: 'user-1' })
    bench.server.script('token', { type: 'idToken', claims: { nonce: 'of another sign-in' } })
    expect(await failedSignIn(bench)).toEqual(refused())
  })

  it.each([
    [30, 29, true],
    [30, 31, false],
    [0, 1, false],
    [300, 299, true],
  ])(
    'S9: with a tolerance of %d s, an ID token that expired %d s ago: %j',
    async (tolerance, ago, isValid) => {
      const bench = createProtocolBench({ protocol: { clockToleranceSeconds: tolerance } })
      bench.server.script('token', { type: 'idToken', claims: { exp: bench.clock.now() - ago } })
      const { response, transaction } = await approve(bench)
      const result = bench.protocol.redeem(response, transaction, ignore)
      if (isValid) expect(await result).toHaveProperty('claims.sub', 'user-1')
      else expect(await failureOf(result)).toEqual(refused())
    },
  )

  it('S9: refuses a response without an ID token where one was asked for, and only there', async () => {
    const without = { type: 'members', omit: ['id_token'] } as const
    const bench = createProtocolBench()
    bench.server.script('token', without)
    expect(await failedSignIn(bench)).toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringMatching(/`id_token`.*`openid`.*`scope`/) as string,
    })
    const plain = createProtocolBench({ protocol: { openid: false } })
    plain.server.script('token', without)
    const { response, transaction, url } = await approve(plain)
    expect(url.searchParams.has('nonce')).toBe(false)
    expect(await plain.protocol.redeem(response, transaction, ignore)).toHaveProperty('accessToken')
  })

  it('distinguishes a refused client from a failing server', async () => {
    const answers = {
      client: createProtocolBench(),
      trouble: createProtocolBench(),
      unusable: createProtocolBench(),
    }
    answers.client.server.script('token', { type: 'error', error: 'invalid_client' })
    answers.trouble.server.script('token', { type: 'status', status: 502 })
    answers.unusable.server.script('token', { type: 'members', set: { token_type: 'mac' } })
    const refusedClient = await failedSignIn(answers.client)
    expect(refusedClient).toBeInstanceOf(ConfigurationError)
    expect(refusedClient).toMatchObject({
      code: 'client_rejected',
      cause: { error: 'invalid_client', status: 401 },
    })
    const refusedAtOnce = await failedSignIn(createProtocolBench(), ({ response }) => {
      response.delete('code')
      response.set('error', 'unauthorized_client')
    })
    expect(refusedAtOnce).toBeInstanceOf(ConfigurationError)
    answers.trouble.server.script('token', { type: 'error', error: 'server_error', status: 500 })
    for (let i = 0; i < 2; i++) {
      const failure = await failedSignIn(answers.trouble)
      expect(failure).toBeInstanceOf(TryLaterError)
      expect(failure).toMatchObject({ code: 'authorization_server_unavailable', retryAfterSeconds: 1 })
    }
    expect(await failedSignIn(answers.unusable)).toMatchObject({
      name: 'ConfigurationError',
      code: 'token_response_malformed',
      message: expect.stringContaining('`token_type` is "mac" and not Bearer') as string,
      cause: { status: 200, url: 'https://login.example.com/token' },
    })
    const away = createProtocolBench({
      fetch: answering({ '/token': () => Promise.reject(new TypeError('fetch failed')) }),
    })
    expect(await failedSignIn(away)).toBeInstanceOf(TryLaterError)
  })

  it('S28: sends code and secret to no other URL', async () => {
    const bench = createProtocolBench()
    bench.server.script('token', { type: 'redirect', to: 'https://evil.example/token' })
    expect(await failedSignIn(bench)).toBeInstanceOf(Error)
    expect(bench.server.log.filter(({ kind }) => kind === 'elsewhere')).toEqual([])
  })

  it('I5: repeats no text of the server, the browser or the connection', async () => {
    for (const canary of CANARIES) {
      const body = { error: canary, error_description: canary, access_token: canary, id_token: canary }
      for (const status of [200, 400, 401, 500]) {
        const bench = createProtocolBench({
          fetch: answering({ '/token': () => Response.json(body, { status }) }),
        })
        expectNoCanary(await failedSignIn(bench))
      }
      const told = await failedSignIn(createProtocolBench(), ({ response }) => {
        response.delete('code')
        for (const name of ['error', 'error_description', 'error_uri']) response.set(name, canary)
      })
      expect(told).toBeInstanceOf(RequestRefusedError)
      expectNoCanary(told)
    }
    for (const error of canaryErrors()) {
      const bench = createProtocolBench({ fetch: answering({ '/token': () => Promise.reject(error) }) })
      expectNoCanary(await failedSignIn(bench))
    }
  })
})
