import { createManualClock } from '@evertoken/testkit'
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createDpopBinding } from '../../../src/mechanisms/dpop/dpop-binding.ts'
import type { ProofAlgorithm } from '../../../src/mechanisms/dpop/proof-signer.ts'
import { createServerClock } from '../../../src/mechanisms/protocol/server-clock.ts'

/** The example of RFC 9449 §7.1. */
const TOKEN = {
  value: 'Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU',
  hash: 'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo',
}
const TOKEN_URL = 'https://login.example.com/token'
const RESEND_WITHIN_MS = 2000

afterEach(() => {
  vi.restoreAllMocks()
})

function createBinding(algorithm: ProofAlgorithm = 'ES256') {
  const clock = createManualClock()
  const serverClock = createServerClock({ clock, emit() {}, request: async () => undefined })
  return { clock, serverClock, binding: createDpopBinding(algorithm, { clock, serverClock }) }
}

async function verified(proof: string, now: number) {
  const options = { typ: 'dpop+jwt', currentDate: new Date(now * 1000), maxTokenAge: 1 }
  return jwtVerify(proof, EmbeddedJWK, options)
}

/** A runtime without `node:crypto`. */
function useWebCrypto() {
  vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined)
}

describe.each([
  ['ES256', 'node:crypto'],
  ['ES256', 'Web Crypto'],
  ['EdDSA', 'node:crypto'],
  ['EdDSA', 'Web Crypto'],
] as const)('a proof with %s by %s', (algorithm, library) => {
  beforeEach(() => {
    if (library === 'Web Crypto') useWebCrypto()
  })

  it('S18: is signed with the key, and names the method, the URL and the token', async () => {
    const { binding, clock } = createBinding(algorithm)
    const key = await binding.createKey()
    const credential = binding.credential(TOKEN, key)
    const request = { url: new URL('https://api.example.com/a?b#c'), method: 'PUT' }
    const headers = await credential.authorize(request)
    expect(headers.authorization).toBe(`DPoP ${TOKEN.value}`)
    const { payload, protectedHeader } = await verified(String(headers['dpop']), clock.now())
    expect(payload).toMatchObject({ htm: 'PUT', htu: 'https://api.example.com/a' })
    expect(payload['ath']).toBe(TOKEN.hash)
    expect(protectedHeader.alg).toBe(algorithm)
    expect(protectedHeader.jwk).not.toHaveProperty('d')
    expect(await binding.thumbprint(key)).toBe(await calculateJwkThumbprint(protectedHeader.jwk as object))
  })
})

describe('a proof', () => {
  it('the key and the token in use stay in memory, however many others there are', async () => {
    useWebCrypto()
    const { binding } = createBinding()
    const request = { url: new URL('https://api.example.com/'), method: 'GET' }
    const busy = await binding.createKey()
    const imports = vi.spyOn(crypto.subtle, 'importKey')
    const digests = vi.spyOn(crypto.subtle, 'digest')
    const use = (key: typeof busy, value: string) => binding.credential({ value }, key).authorize(request)
    await use(busy, 'busy')
    for (let i = 0; i < 1100; i++) {
      await use(await binding.createKey(), `other ${i}`)
      await use(busy, 'busy')
    }
    const importsOfBusy = imports.mock.calls.filter(([, key]) => (key as JsonWebKey).d === busy['d'])
    // Each of the other tokens was hashed once too.
    expect([importsOfBusy.length, digests.mock.calls.length]).toEqual([1, 1101])
  })

  it('costs one signature of node:crypto, and its key is imported once', async () => {
    const native = process.getBuiltinModule('node:crypto')
    const { binding } = createBinding()
    const credential = binding.credential({ value: 'token' }, await binding.createKey())
    const importKey = vi.spyOn(native, 'createPrivateKey')
    const sign = vi.spyOn(native, 'sign')
    const webSign = vi.spyOn(crypto.subtle, 'sign')
    for (let i = 0; i < 3; i++)
      await credential.authorize({ url: new URL('https://api.example.com/'), method: 'GET' })
    // The first signature of a key is a trial.
    expect([importKey, sign, webSign].map(({ mock }) => mock.calls.length)).toEqual([1, 4, 0])
  })

  it('is signed in another thread while another call waits for its response', async () => {
    const native = process.getBuiltinModule('node:crypto')
    const { binding } = createBinding()
    const credential = binding.credential({ value: 'token' }, await binding.createKey())
    const href = 'https://api.example.com/'
    const hop = { href, method: 'GET', body: 'none' } as const
    await credential.authorize({ url: new URL(href), method: 'GET' })
    const sign = vi.spyOn(native, 'sign')
    const webSign = vi.spyOn(crypto.subtle, 'sign')
    const respond = new AbortController()
    const api = vi.fn<() => Promise<Response>>().mockImplementation(async () => new Response())
    api.mockImplementationOnce(
      () => new Promise((resolve) => respond.signal.addEventListener('abort', () => resolve(new Response()))),
    )
    api.mockRejectedValueOnce(new TypeError('fetch failed'))
    const send = () => credential.send({ fetch: api, target: href, init: {}, hop } as never)
    const first = send()
    await vi.waitFor(() => expect(api).toHaveBeenCalledOnce())
    await expect(send()).rejects.toThrow('fetch failed')
    respond.abort()
    await first
    await send()
    expect([sign, webSign].map(({ mock }) => mock.calls.length)).toEqual([2, 1])
  })

  it('is signed by Web Crypto if node:crypto of the runtime does not work', async () => {
    const broken = { createPrivateKey: () => ({}), sign: () => new Uint8Array(70) }
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue(broken)
    const { binding, clock } = createBinding()
    const credential = binding.credential({ value: 'token' }, await binding.createKey())
    const headers = await credential.authorize({ url: new URL('https://api.example.com/'), method: 'GET' })
    await expect(verified(String(headers['dpop']), clock.now())).resolves.toBeDefined()
  })

  it('costs one signature of Web Crypto, and its key is imported once', async () => {
    useWebCrypto()
    const { binding } = createBinding()
    const credential = binding.credential({ value: 'token' }, await binding.createKey())
    const importKey = vi.spyOn(crypto.subtle, 'importKey')
    const sign = vi.spyOn(crypto.subtle, 'sign')
    const digest = vi.spyOn(crypto.subtle, 'digest')
    const request = { url: new URL('https://api.example.com'), method: 'GET' }
    const proofs = new Set<unknown>()
    for (let i = 0; i < 10; i++) proofs.add((await credential.authorize(request))['dpop'])
    expect(proofs.size).toBe(10)
    expect([importKey, sign, digest].map(({ mock }) => mock.calls.length)).toEqual([1, 10, 1])
  })

  it('has the time of the authorization server, if it is known', async () => {
    const { binding, clock, serverClock } = createBinding()
    serverClock.observe(new Headers({ date: new Date((clock.now() + 300) * 1000).toUTCString() }), 1)
    const credential = binding.credential({ value: 'token' }, await binding.createKey())
    const { dpop } = await credential.authorize({ url: new URL('https://api.example.com'), method: 'GET' })
    await expect(verified(String(dpop), clock.now() + 300)).resolves.toBeDefined()
  })

  it('with a key that cannot be used is a typed error', async () => {
    const { binding } = createBinding()
    for (const key of [{}, { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'canary' }]) {
      const error: unknown = await binding.adoptKey(key).catch((failure: unknown) => failure)
      expect(error).toMatchObject({ name: 'ConfigurationError', code: 'sender_constraint_refused' })
      expect(JSON.stringify([error, String(error)])).not.toContain('canary')
    }
  })

  it('has no members of the key without a value, which some runtimes export', async () => {
    const { binding } = createBinding('EdDSA')
    const key = await binding.createKey()
    for (const y of [undefined, ''])
      expect(await binding.adoptKey({ ...key, y, key_ops: ['sign'] })).toEqual(key)
  })

  it('keeps the algorithm of its key', async () => {
    const [before, after] = [createBinding('ES256'), createBinding('EdDSA')]
    const key = await before.binding.createKey()
    const request = { url: new URL('https://api.example.com'), method: 'GET' }
    const { dpop } = await after.binding.credential({ value: 'token' }, key).authorize(request)
    expect((await verified(String(dpop), after.clock.now())).protectedHeader.alg).toBe('ES256')
  })
})

describe('a token request', () => {
  /** A token endpoint that asks for a nonce, after a time. */
  async function sendTo(nonces: (string | undefined)[], delayMs = 0) {
    const { binding, clock } = createBinding()
    const key = await binding.createKey()
    const sent: unknown[] = []
    const endpoint = async (_url: string, init: object = {}) => {
      const { dpop } = (init as { readonly headers: Record<string, string> }).headers
      sent.push((await verified(String(dpop), clock.now())).payload['nonce'])
      await clock.advance(delayMs)
      const nonce = nonces.shift()
      if (nonce === undefined) return Response.json({})
      return Response.json({ error: 'use_dpop_nonce' }, { status: 400, headers: { 'dpop-nonce': nonce } })
    }
    const request = (send: typeof endpoint) => send(TOKEN_URL, { method: 'POST', headers: { accept: '*/*' } })
    const response = await binding.sendTokenRequest(key, endpoint, request, RESEND_WITHIN_MS)
    return { status: response.status, sent }
  }

  it('is sent again with the nonce, once', async () => {
    expect(await sendTo(['n'])).toEqual({ status: 200, sent: [undefined, 'n'] })
    expect(await sendTo(['n', 'm', 'o'])).toEqual({ status: 400, sent: [undefined, 'n'] })
  })

  it('is not sent again if another process might have the lease by then', async () => {
    expect(await sendTo(['n'], RESEND_WITHIN_MS)).toMatchObject({ status: 200 })
    expect(await sendTo(['n'], RESEND_WITHIN_MS + 1)).toEqual({ status: 400, sent: [undefined] })
  })

  it('does not send a nonce again that the server has refused without a new one', async () => {
    const { binding, clock } = createBinding()
    const key = await binding.createKey()
    const responses = [
      Response.json({}, { headers: { 'dpop-nonce': 'stale' } }),
      Response.json({ error: 'use_dpop_nonce' }, { status: 400 }),
      Response.json({}),
    ]
    const sent: unknown[] = []
    const endpoint = async (_url: string, init: object = {}) => {
      const { dpop } = (init as { readonly headers: Record<string, string> }).headers
      sent.push((await verified(String(dpop), clock.now())).payload['nonce'])
      return responses[sent.length - 1] as Response
    }
    const request = (send: typeof endpoint) => send(TOKEN_URL, { method: 'POST' })
    const statuses: number[] = []
    for (let i = 0; i < 3; i++)
      statuses.push((await binding.sendTokenRequest(key, endpoint, request, RESEND_WITHIN_MS)).status)
    expect(statuses).toEqual([200, 400, 200])
    expect(sent).toEqual([undefined, 'stale', undefined])
  })
})

it('an API that refuses a nonce without a new one gets no second request, and the next one has no nonce', async () => {
  const { binding, clock } = createBinding()
  const credential = binding.credential({ value: 'token' }, await binding.createKey())
  const href = 'https://api.example.com/a'
  const responses = [
    new Response(null, { headers: { 'dpop-nonce': 'stale' } }),
    new Response(null, { status: 401, headers: { 'www-authenticate': 'DPoP error="use_dpop_nonce"' } }),
    new Response(null),
  ]
  const sent: unknown[] = []
  const fetchApi = async (_target: unknown, init?: RequestInit) => {
    const dpop = new Headers(init?.headers).get('dpop')
    sent.push((await verified(String(dpop), clock.now())).payload['nonce'])
    return responses[sent.length - 1] as Response
  }
  for (let i = 0; i < 3; i++) {
    const hop = { href, method: 'GET', body: 'none' as const }
    const init = { method: 'GET', headers: new Headers() }
    await credential.send({ fetch: fetchApi, target: href, init, hop } as never)
  }
  expect(sent).toEqual([undefined, 'stale', undefined])
})
