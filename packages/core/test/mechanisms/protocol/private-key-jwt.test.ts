import { decodeJwt, type JWTPayload, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { privateKeyJwt, type SigningKey, type SigningKeySource } from '../../../src/credentials.ts'
import { createClientAuthenticator } from '../../../src/mechanisms/protocol/client-authentication.ts'
import { ConfigurationError, OperatorError } from '../../../src/vocabulary/index.ts'
import { asleep, failureOf, hangs } from '../bench.ts'
import { canaryErrors, expectNoCanary } from '../canaries.ts'
import { createProtocolBench, NOW, type ProtocolBench, REQUEST_TIMEOUT_MS, USER } from '../protocol-bench.ts'
import { ALGORITHMS, createKeyPair } from './signing-keys-of-test.ts'

const ID = 'service'
const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const { privateKey, publicKey } = await createKeyPair('ES256')

interface Bench extends ProtocolBench {
  /** The forms of the token and revocation requests that were sent. */
  readonly sent: URLSearchParams[]
  readonly assertions: () => string[]
  refresh(): ReturnType<ProtocolBench['protocol']['refresh']>
}

/** The protocol in front of a server that accepts every client. */
function benchWith(
  key: SigningKeySource,
  options?: Parameters<typeof privateKeyJwt>[1],
  aheadSeconds = 0,
): Bench {
  const sent: URLSearchParams[] = []
  const bench: ProtocolBench = createProtocolBench({
    server: { clients: [{ id: ID }] },
    protocol: { authentication: privateKeyJwt(key, options) },
    async fetch(url, init) {
      const date = new Date((bench.clock.now() + aheadSeconds) * 1000).toUTCString()
      if (init?.method !== 'POST') {
        const response = await bench.server.fetch(url, init)
        response.headers.set('date', date)
        return response
      }
      sent.push(new URLSearchParams(init.body as URLSearchParams))
      return Response.json(
        { access_token: 'at', token_type: 'bearer', expires_in: 300 },
        { headers: { date } },
      )
    },
  })
  return {
    ...bench,
    sent,
    assertions: () => sent.map((form) => form.get('client_assertion') ?? ''),
    refresh: () => bench.protocol.refresh({ refreshToken: 'rt', parameters: {}, user: USER }),
  }
}

/** A key service, which counts its signatures. */
function createKeyService(): { readonly key: SigningKey; calls(): number } {
  let calls = 0
  const sign = async (data: Uint8Array<ArrayBuffer>) => {
    calls++
    const parameters = { name: 'ECDSA', hash: 'SHA-256' }
    return new Uint8Array(await crypto.subtle.sign(parameters, privateKey, data))
  }
  return { key: { sign, algorithm: 'ES256', keyId: 'remote' }, calls: () => calls }
}

function claimsOf(assertion: string | undefined): JWTPayload {
  return decodeJwt(assertion ?? '')
}

describe('privateKeyJwt', () => {
  it.each(ALGORITHMS)('signs with %s', async (algorithm) => {
    const pair = await createKeyPair(algorithm)
    const bench = benchWith({ key: pair.privateKey, keyId: 'key-1', algorithm })
    expect(await bench.refresh()).toMatchObject({ kind: 'refreshed' })
    const [form] = bench.sent
    const { payload, protectedHeader } = await jwtVerify(bench.assertions()[0] ?? '', pair.publicKey, {
      currentDate: new Date(NOW * 1000),
      clockTolerance: 0,
    })
    expect(protectedHeader).toEqual({ alg: algorithm, kid: 'key-1' })
    const { issuer } = bench.server
    const jti = expect.stringMatching(/^[\w-]{43}$/) as string
    // The server is asked before the token request, so that its time is known.
    expect(payload).toEqual({ iss: ID, sub: ID, aud: issuer, jti, iat: NOW - 1, nbf: NOW - 1, exp: NOW + 59 })
    expect(form?.get('client_id')).toBe(ID)
    expect(form?.get('client_assertion_type')).toBe(TYPE)
    expect(form?.has('client_secret')).toBe(false)
  })

  it.each(ALGORITHMS.filter((each) => each !== 'EdDSA'))('finds %s from the key', async (algorithm) => {
    const pair = await createKeyPair(algorithm)
    const bench = benchWith({ key: pair.privateKey })
    await bench.refresh()
    const verified = await jwtVerify(bench.assertions()[0] ?? '', pair.publicKey, {
      currentDate: new Date(NOW * 1000),
    })
    expect(verified.protectedHeader).toEqual({ alg: algorithm })
  })

  it('names the token endpoint as audience only if it is configured, and uses the configured lifetime', async () => {
    const bench = benchWith({ key: privateKey }, { audience: 'token_endpoint', lifetimeSeconds: 300 })
    await bench.refresh()
    const { aud, iat = 0, exp } = claimsOf(bench.assertions()[0])
    expect(aud).toBe(`${bench.server.issuer}/token`)
    expect(exp).toBe(iat + 300)
  })

  it.each([3600 - 3010, -500])('dates the assertion by a server that is %d s ahead', async (ahead) => {
    const bench = benchWith({ key: privateKey }, {}, ahead)
    await bench.protocol.ready()
    await bench.refresh()
    expect(claimsOf(bench.assertions()[0]).iat).toBe(NOW + ahead - 1)
  })

  it.each([
    ['a CryptoKey', { key: privateKey }],
    ['a key service', createKeyService().key],
  ])('%s: each request has a new jti, also a repeated one', async (_what, key) => {
    const bench = benchWith(key)
    await bench.protocol.ready()
    for (let i = 0; i < 3; i++) await bench.refresh()
    expect(await bench.protocol.revoke('rt')).toBe('revoked')
    const ids = bench.assertions().map((each) => claimsOf(each).jti)
    expect(new Set(ids).size).toBe(4)
  })

  it('has a new jti if the library that sends the request repeats it', async () => {
    const { key } = createKeyService()
    const { options } = benchWith(key)
    const metadata = { issuer: 'https://login.example.com' }
    const authenticator = createClientAuthenticator(options, async () => metadata)
    await authenticator.prepare()
    const clientAuth = await authenticator.prepared()
    const ids = new Set<unknown>()
    for (let i = 0; i < 3; i++) {
      const body = new URLSearchParams()
      await clientAuth(metadata, { client_id: ID }, body, new Headers())
      ids.add(claimsOf(body.get('client_assertion') ?? '').jti)
    }
    expect(ids.size).toBe(3)
  })

  it('asks a key service before the lease, and once for each request', async () => {
    const { key, calls } = createKeyService()
    const bench = benchWith(key)
    await Promise.all([1, 2, 3].map(() => bench.protocol.ready()))
    expect(calls()).toBe(3)
    await Promise.all([1, 2, 3].map(() => bench.refresh()))
    expect(calls()).toBe(3)
    expect(new Set(bench.assertions()).size).toBe(3)
  })

  it('does not send an assertion that was signed long before', async () => {
    const { key, calls } = createKeyService()
    const bench = benchWith(key)
    await bench.protocol.ready()
    await bench.clock.advance(29_000)
    await bench.refresh()
    expect(calls()).toBe(1)
    await bench.protocol.ready()
    await bench.clock.advance(31_000)
    await bench.refresh()
    expect(calls()).toBe(3)
    expect(claimsOf(bench.assertions()[1]).iat).toBe(NOW + 60 - 1)
  })

  it('asks a function for the key of each request, so that keys rotate', async () => {
    const other = await createKeyPair('RS256')
    const keys: SigningKey[] = [
      { key: privateKey, keyId: 'old' },
      { key: other.privateKey, keyId: 'new' },
    ]
    let calls = 0
    const bench = benchWith(async () => keys[calls++] as SigningKey)
    await bench.refresh()
    await bench.refresh()
    const [old = '', renewed = ''] = bench.assertions()
    const currentDate = new Date(NOW * 1000)
    expect((await jwtVerify(old, publicKey, { currentDate })).protectedHeader.kid).toBe('old')
    expect((await jwtVerify(renewed, other.publicKey, { currentDate })).protectedHeader.kid).toBe('new')
    expect(calls).toBe(2)
  })

  it('shows only its method', () => {
    const key: SigningKey = { sign: hangs, keyId: 'canary', algorithm: 'ES256' }
    const authentication = privateKeyJwt(key)
    expect(Object.entries(authentication)).toEqual([['method', 'private_key_jwt']])
    expect(Object.isFrozen(authentication)).toBe(true)
    expect(JSON.stringify(authentication)).not.toContain('canary')
  })
})

describe('a key that cannot sign', () => {
  const rsa = createKeyPair('RS256')
  const encryption = crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, ['deriveBits'])
  const wrong: [string, () => unknown, RegExp][] = [
    ['is missing', () => undefined, /CryptoKey/],
    ['is a string', () => '-----BEGIN PRIVATE KEY-----canary', /importSigningKey/],
    ['is public', () => ({ key: publicKey }), /private/],
    ['is not for signatures', async () => ({ key: (await encryption).privateKey }), /sign/],
    ['does not fit its algorithm', () => ({ key: privateKey, algorithm: 'ES384' }), /does not fit ES384/],
    ['is for another algorithm', async () => ({ key: (await rsa).privateKey, algorithm: 'PS256' }), /PS256/],
    ['names an unknown algorithm', () => ({ key: privateKey, algorithm: 'none' }), /one of ES256/],
    ['has a key ID that is no string', () => ({ key: privateKey, keyId: 7 }), /keyId/],
    ['is remote and names no algorithm', () => ({ sign: hangs }), /`algorithm`/],
    ['is remote and names HS256', () => ({ sign: hangs, algorithm: 'HS256' }), /one of/],
  ]

  it.each(wrong)('%s: the option is refused', async (_what, create, message) => {
    const key = (await create()) as SigningKey
    expect(() => privateKeyJwt(key)).toThrow(message)
    expect(() => privateKeyJwt(key)).toThrow(ConfigurationError)
    try {
      privateKeyJwt(key)
    } catch (error) {
      expect(error).toMatchObject({ code: 'invalid_option' })
      expectNoCanary(error)
    }
  })

  it.each(wrong)('%s, and comes from a function: nothing is sent', async (_what, create, message) => {
    const bench = benchWith(async () => (await create()) as SigningKey)
    const error = await failureOf(bench.protocol.ready())
    expect(error).toMatchObject({ name: 'ConfigurationError', code: 'invalid_option' })
    expect((error as Error).message).toMatch(message)
    expectNoCanary(error)
    expect(await bench.refresh()).toMatchObject({ kind: 'misconfigured' })
    expect(bench.sent).toEqual([])
  })

  it.each([
    ['audience', { audience: 'https://login.example.com' as never }],
    ['lifetimeSeconds', { lifetimeSeconds: 4 }],
    ['lifetimeSeconds', { lifetimeSeconds: 60_000 }],
    ['lifetimeSeconds', { lifetimeSeconds: 60.5 }],
    ['lifetimeSeconds', { lifetimeSeconds: NaN }],
  ])('a wrong %s is refused: %j', (name, options) => {
    expect(() => privateKeyJwt({ key: privateKey }, options)).toThrow(`\`${name}\``)
  })
})

describe('a key service', () => {
  const remote = (sign: () => Promise<unknown>): SigningKeySource => ({
    sign: sign as never,
    algorithm: 'ES256',
  })
  const failures: [string, SigningKeySource, object][] = [
    ...canaryErrors().map((error, i): [string, SigningKeySource, object] => [
      `throws (${i})`,
      remote(async () => {
        throw error
      }),
      { name: 'OperatorError', code: 'key_service_unavailable' },
    ]),
    ['hangs', remote(hangs), { name: 'OperatorError', code: 'key_service_unavailable' }],
    ['is a function that hangs', hangs, { name: 'OperatorError', code: 'key_service_unavailable' }],
    [
      'is a function that throws',
      () => {
        throw new Error('canary')
      },
      { name: 'OperatorError', code: 'key_service_unavailable' },
    ],
    [
      'returns DER',
      remote(async () => new Uint8Array(71)),
      { code: 'invalid_option', message: expect.stringMatching(/71 bytes.*64.*joseSignature/) as string },
    ],
    ['returns nothing', remote(async () => undefined), { code: 'invalid_option' }],
    ['returns text', remote(async () => 'canary'), { code: 'invalid_option' }],
    ['returns no bytes', remote(async () => new Uint8Array()), { code: 'invalid_option' }],
  ]

  it.each(failures)('that %s: nothing is sent', async (_what, key, problem) => {
    const bench = benchWith(key)
    const run = async <T>(work: Promise<T>) => {
      await asleep(bench.clock, work)
      await bench.clock.advance(REQUEST_TIMEOUT_MS)
      return work
    }
    const error = await run(failureOf(bench.protocol.ready()))
    expect(error).toMatchObject(problem)
    expectNoCanary(error)
    const result = await run(bench.refresh())
    expect(['not_processed', 'misconfigured']).toContain(result.kind)
    expectNoCanary(result)
    expect(await run(bench.protocol.revoke('rt'))).toBe('failed')
    expect(bench.sent).toEqual([])
  })

  it('gets the usual time for a request that is sent again without a lease, and one second with one', async () => {
    const { clock, options, server } = benchWith({ key: privateKey })
    const metadata = { issuer: server.issuer }
    const slow = remote(() => clock.sleep(1500).then(() => new Uint8Array(64)))
    const authenticator = createClientAuthenticator(
      { ...options, authentication: privateKeyJwt(slow) },
      async () => metadata,
    )
    const run = async <T>(work: Promise<T>) => {
      await asleep(clock, work)
      await clock.advance(1500)
      return work
    }
    const send = async (clientAuth: ReturnType<typeof authenticator.request>) => {
      const body = new URLSearchParams()
      await (
        await clientAuth
      )(metadata, { client_id: ID }, body, new Headers())
      return body.get('client_assertion')
    }
    const signIn = run(authenticator.request())
    const first = await send(signIn)
    const second = await run(send(signIn))
    expect(second).not.toBe(first)

    await run(authenticator.prepare())
    const refresh = Promise.resolve(authenticator.prepared())
    await send(refresh)
    expect(await failureOf(run(send(refresh)))).toMatchObject({ code: 'key_service_unavailable' })
  })

  it('that hangs after the lease was taken is given one second', async () => {
    let answer: () => Promise<Uint8Array> = async () => new Uint8Array(64)
    const bench = benchWith(remote(() => answer()))
    await bench.protocol.ready()
    await bench.refresh()
    answer = hangs
    const result = bench.refresh()
    await asleep(bench.clock, result)
    await bench.clock.advance(1000)
    expect(await result).toMatchObject({ kind: 'not_processed', code: 'key_service_unavailable' })
    expect(bench.sent).toHaveLength(1)
  })

  it('that fails is not asked again during a pause, and then works again', async () => {
    let calls = 0
    let isDown = true
    const working = createKeyService()
    const bench = benchWith(() => {
      calls++
      if (isDown) throw new Error('down')
      return working.key
    })
    for (let i = 0; i < 5; i++) expect(await failureOf(bench.protocol.ready())).toBeInstanceOf(OperatorError)
    expect(calls).toBe(1)
    isDown = false
    await bench.clock.advance(2000)
    await bench.protocol.ready()
    expect(await bench.refresh()).toMatchObject({ kind: 'refreshed' })
  })

  it('is not asked, and not blamed, if the metadata is not available', async () => {
    const { key, calls } = createKeyService()
    const bench = benchWith(key)
    bench.server.script('discovery', { type: 'status', status: 503 })
    expect(await failureOf(bench.protocol.ready())).toMatchObject({
      code: 'authorization_server_unavailable',
    })
    expect(calls()).toBe(0)
    await bench.clock.advance(2000)
    await bench.protocol.ready()
    expect(calls()).toBe(1)
  })

  it('keeps a limited number of assertions for requests that were prepared and not sent', async () => {
    const { key, calls } = createKeyService()
    const bench = benchWith(key)
    for (let i = 0; i < 150; i++) await bench.protocol.ready()
    const prepared = calls()
    for (let i = 0; i < 150; i++) await bench.refresh()
    expect(prepared).toBeGreaterThanOrEqual(150)
    // Each refresh takes a prepared assertion, until none is left.
    expect(calls() - prepared).toBeGreaterThanOrEqual(50)
    expect(new Set(bench.assertions()).size).toBe(150)
  })
})
