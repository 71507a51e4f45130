import * as fc from 'fast-check'
import { exportJWK, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { jar, jarm, par } from '../../../src/authorization.ts'
import { privateKeyJwt } from '../../../src/credentials.ts'
import { requestObjectClaims } from '../../../src/rules/protocol/request-object.ts'
import { asleep, failureOf, hangs } from '../bench.ts'
import { expectNoCanary } from '../canaries.ts'
import { type BenchOptions, createProtocolBench, NOW, REQUEST_TIMEOUT_MS } from '../protocol-bench.ts'
import { createKeyPair } from './signing-keys-of-test.ts'

const pair = await createKeyPair('ES256')
const other = await createKeyPair('ES256')
const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'server' }
const transaction = { state: 's', nonce: 'n', codeVerifier: 'v', redirectUri: 'https://app.example.com/cb' }
const PAR_PATH = '/par'

describe('S16: par()', () => {
  function benchWith(answer: (form: URLSearchParams) => Promise<Response> | Response, metadata: object = {}) {
    const forms: URLSearchParams[] = []
    const bench = createProtocolBench({
      server: {
        clients: [{ id: 'web', secret: 'canary' }],
        metadata: {
          pushed_authorization_request_endpoint: `https://login.example.com${PAR_PATH}`,
          ...metadata,
        },
      },
      protocol: { authorizationRequest: par() },
      fetch(url, init) {
        if (!url.endsWith(PAR_PATH)) return undefined
        const form = new URLSearchParams(init?.body as URLSearchParams)
        forms.push(form)
        return (async () => answer(form))()
      },
    })
    const authorize = () => bench.protocol.authorize(transaction, new URLSearchParams({ scope: 'openid' }))
    return { ...bench, forms, authorize }
  }

  it.each([200, 201])('opens the reference of a response with the status %d', async (status) => {
    const { authorize, forms } = benchWith(() =>
      Response.json({ request_uri: 'urn:1', expires_in: 60 }, { status }),
    )
    const url = await authorize()
    expect(Object.fromEntries(url.searchParams)).toEqual({ client_id: 'web', request_uri: 'urn:1' })
    expect(forms).toHaveLength(1)
    expect(Object.fromEntries(forms[0] ?? [])).toMatchObject({
      client_id: 'web',
      response_type: 'code',
      state: 's',
      nonce: 'n',
      scope: 'openid',
      redirect_uri: transaction.redirectUri,
      code_challenge_method: 'S256',
    })
  })

  it('keeps the query of the authorization endpoint', async () => {
    const endpoint = 'https://login.example.com/authorize?policy=a'
    const { authorize, forms } = benchWith(() => Response.json({ request_uri: 'urn:1' }), {
      authorization_endpoint: endpoint,
    })
    const { searchParams } = await authorize()
    expect(Object.fromEntries(searchParams)).toEqual({ policy: 'a', client_id: 'web', request_uri: 'urn:1' })
    expect(forms[0]?.has('policy')).toBe(false)
  })

  it.each([
    [400, { error: 'invalid_request', error_description: 'canary' }, 'client_rejected', /invalid_request/],
    [401, { error: 'invalid_client' }, 'client_rejected', /invalid_client/],
    [403, 'canary', 'client_rejected', /status 403/],
    [404, {}, 'client_rejected', /status 404/],
    [201, {}, 'client_rejected', /status 201/],
    [201, { request_uri: '' }, 'client_rejected', /status 201/],
    [201, { request_uri: 7 }, 'client_rejected', /status 201/],
    [302, {}, 'client_rejected', /status 302/],
    [429, {}, 'authorization_server_unavailable', /429/],
    [503, { error: 'temporarily_unavailable' }, 'authorization_server_unavailable', /503/],
  ])('%d with %j is a typed error', async (status, body, code, message) => {
    const { authorize } = benchWith(() => Response.json(body, { status }))
    const error = await failureOf(authorize())
    expect(error).toMatchObject({ code })
    expect(String(error)).toMatch(message)
    expectNoCanary(error)
  })

  it('is a typed error if the server is unreachable, hangs, or has no endpoint', async () => {
    const refusing = benchWith(() =>
      Promise.reject(Object.assign(new Error('canary'), { code: 'ECONNREFUSED' })),
    )
    const refused = await failureOf(refusing.authorize())
    expect(refused).toMatchObject({ code: 'authorization_server_unavailable' })
    expectNoCanary(refused)

    const hanging = benchWith(hangs)
    const hung = failureOf(hanging.authorize())
    await asleep(hanging.clock, hung)
    await hanging.clock.advance(REQUEST_TIMEOUT_MS)
    expect(await hung).toMatchObject({ code: 'authorization_server_unavailable' })

    const missing = benchWith(hangs, { pushed_authorization_request_endpoint: undefined })
    expect(await failureOf(missing.authorize())).toMatchObject({
      code: 'authorization_server_metadata_invalid',
    })
    const insecure = benchWith(hangs, {
      pushed_authorization_request_endpoint: 'http://login.example.com/par',
    })
    expect(await failureOf(insecure.authorize())).toMatchObject({
      code: 'authorization_server_metadata_invalid',
    })
  })
})

describe('S16: jar()', () => {
  it.each([
    ['throws', () => Promise.reject(new Error('canary')), 'key_service_unavailable'],
    ['hangs', hangs, 'key_service_unavailable'],
    ['returns DER', async () => new Uint8Array(70), 'invalid_option'],
  ])('a key service that %s is a typed error', async (_what, sign, code) => {
    const bench = createProtocolBench({
      protocol: { authorizationRequest: jar({ sign, algorithm: 'ES256' }) },
    })
    const error = failureOf(bench.protocol.authorize(transaction, new URLSearchParams()))
    await asleep(bench.clock, error)
    await bench.clock.advance(REQUEST_TIMEOUT_MS)
    expect(await error).toMatchObject({ code })
    expectNoCanary(await error)
  })

  it('every parameter becomes a claim', () => {
    const name = fc
      .stringMatching(/^[a-z_]{1,12}$/)
      .filter((each) => !/^(?:max_age|claims|__proto__)$/.test(each))
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.string()), { maxLength: 8 }), (entries) => {
        const parameters = new URLSearchParams(entries)
        const claims = requestObjectClaims(parameters)
        expect(Object.keys(claims).toSorted()).toEqual([...new Set(parameters.keys())].toSorted())
        for (const [key, claim] of Object.entries(claims)) {
          const values = parameters.getAll(key)
          expect(claim).toEqual(values.length === 1 ? values[0] : values)
        }
      }),
    )
    const special = {
      max_age: '60',
      claims: '{"id_token":{}}',
      authorization_details: '[{"type":"a"}]',
      resource: 'r',
    }
    expect(requestObjectClaims(new URLSearchParams(special))).toEqual({
      max_age: 60,
      claims: { id_token: {} },
      authorization_details: [{ type: 'a' }],
      resource: 'r',
    })
    expect(requestObjectClaims(new URLSearchParams({ claims: '{' }))).toEqual({ claims: '{' })
  })
})

describe('S16: jarm()', () => {
  const good = { code: 'c', state: 's', iss: 'https://login.example.com', aud: 'web', exp: NOW + 60 }
  const bench = (
    fetch?: BenchOptions['fetch'],
    metadata: object = { authorization_signing_alg_values_supported: ['ES256', 'none'] },
    protocol: BenchOptions['protocol'] = { signedResponse: jarm() },
  ) =>
    createProtocolBench({
      server: {
        issuer: good.iss,
        clients: [{ id: 'web', secret: 'secret' }],
        metadata: { id_token_signing_alg_values_supported: ['RS256'], ...metadata },
      },
      protocol,
      fetch: (url, init) =>
        fetch?.(url, init) ??
        (url.endsWith('/jwks') ? Promise.resolve(Response.json({ keys: [jwk] })) : undefined),
    })
  const sign = (claims: object, key = pair.privateKey) =>
    new SignJWT({ ...claims }).setProtectedHeader({ alg: 'ES256', kid: 'server' }).sign(key)
  const read = async (response: string, { protocol } = bench()) =>
    protocol.readResponse(new URLSearchParams({ response, code: 'unsigned', state: 'unsigned' }))

  it('returns only the signed parameters', async () => {
    const parameters = await read(await sign({ ...good, aud: ['other', 'web'], nested: {}, n: 1 }))
    expect(Object.fromEntries(parameters)).toEqual({ code: 'c', state: 's', iss: good.iss })
    const refusal = await read(await sign({ ...good, code: undefined, error: 'access_denied' }))
    expect(refusal.get('error')).toBe('access_denied')
  })

  it('keeps only the state of a response without a signature', async () => {
    const unsigned = new URLSearchParams({ code: 'c', state: 's', iss: good.iss, error: 'e' })
    expect([...(await bench().protocol.readResponse(unsigned))]).toEqual([['state', 's']])
  })

  const none = `${btoa('{"alg":"none"}')}.${btoa(JSON.stringify(good))}.`
  it.each<[string, () => Promise<string> | string]>([
    ['is no JWT', () => 'canary'],
    ['is not signed', () => none],
    ['has a signature of nothing', () => `${none}AA`],
    ['is signed with another key', () => sign(good, other.privateKey)],
    ['is from another server', () => sign({ ...good, iss: 'https://canary.example.com' })],
    ['names no server', () => sign({ ...good, iss: undefined })],
    ['is for another client', () => sign({ ...good, aud: 'canary' })],
    ['is for no client', () => sign({ ...good, aud: undefined })],
    ['has expired', () => sign({ ...good, exp: NOW - 31 })],
    ['never expires', () => sign({ ...good, exp: undefined })],
    ['was changed', async () => (await sign(good)).replace(/\.\w{4}/, '.eyJh')],
  ])('a response that %s is refused', async (_what, create) => {
    const error = await failureOf(read(await create()))
    expect(error).toMatchObject({ name: 'RequestRefusedError', code: 'authorization_response_invalid' })
    expectNoCanary(error)
  })

  it.each([
    // The algorithm of ID tokens decides nothing if the metadata lists those of responses.
    [{ idTokenSigningAlgorithm: 'PS256' }, ['ES256'], undefined, true],
    [{}, ['RS256', 'ES256'], undefined, false],
    [{}, ['RS256', 'ES256'], 'ES256', true],
    [{ idTokenSigningAlgorithm: 'ES256' }, ['RS256', 'ES256'], 'PS256', false],
    [{}, ['PS256'], undefined, false],
    [{}, ['none'], undefined, false],
    // Without a list, those of ID tokens are accepted.
    [{ idTokenSigningAlgorithm: 'ES256' }, undefined, undefined, true],
    [{ idTokenSigningAlgorithm: 'PS256' }, undefined, 'ES256', true],
    [{}, undefined, undefined, false],
  ])(
    'with %j and the list %j, the algorithm %j: ES256 is accepted: %s',
    async (option, list, algorithm, isGood) => {
      const metadata = { authorization_signing_alg_values_supported: list }
      const protocol = { signedResponse: jarm('query.jwt', { ...(algorithm && { algorithm }) }), ...option }
      const one = bench(undefined, metadata, protocol)
      const outcome = await read(await sign(good), one).catch((error: unknown) => error)
      if (isGood) expect(outcome).toBeInstanceOf(URLSearchParams)
      else
        expect(outcome).toMatchObject({
          code: 'authorization_response_invalid',
          message: expect.stringContaining('`algorithm` of `jarm`') as string,
        })
    },
  )

  it('is a temporary failure if the keys of the server are not available', async () => {
    const down = bench((url) =>
      url.endsWith('/jwks') ? Promise.resolve(new Response('', { status: 503 })) : undefined,
    )
    expect(await failureOf(read(await sign(good), down))).toMatchObject({
      code: 'authorization_server_unavailable',
    })
  })
})

it('S16: par() sends the assertion of private_key_jwt', async () => {
  const forms: URLSearchParams[] = []
  const bench = createProtocolBench({
    server: {
      clients: [{ id: 'web' }],
      metadata: { pushed_authorization_request_endpoint: `https://login.example.com${PAR_PATH}` },
    },
    protocol: {
      authorizationRequest: par(jar({ key: pair.privateKey })),
      authentication: privateKeyJwt({ key: pair.privateKey }),
    },
    fetch(url, init) {
      if (!url.endsWith(PAR_PATH)) return undefined
      forms.push(new URLSearchParams(init?.body as URLSearchParams))
      return Promise.resolve(Response.json({ request_uri: 'urn:1' }))
    },
  })
  await bench.protocol.authorize(transaction, new URLSearchParams())
  expect([...(forms[0]?.keys() ?? [])].toSorted()).toEqual([
    'client_assertion',
    'client_assertion_type',
    'client_id',
    'request',
  ])
})
