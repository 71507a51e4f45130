import { jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { clientSecretBasic, clientSecretJwt, clientSecretPost, none } from '../../../src/credentials.ts'
import type { ClientSecret } from '../../../src/ports/client-authentication.ts'
import { createClientAuthenticator } from '../../../src/mechanisms/protocol/client-authentication.ts'
import { ConfigurationError, OperatorError } from '../../../src/vocabulary/index.ts'
import { asleep, failureOf, hangs } from '../bench.ts'
import { expectNoCanary } from '../canaries.ts'
import {
  createProtocolBench,
  NOW,
  type ProtocolBench,
  refresh,
  REQUEST_TIMEOUT_MS,
  USER,
} from '../protocol-bench.ts'

const ID = 'web'
const SECRET = 'secretOfTheClient'

function benchWith(secret: ClientSecret) {
  return createProtocolBench({
    server: { clients: [{ id: ID, secret: SECRET }] },
    protocol: { authentication: clientSecretBasic(secret) },
  })
}

describe('client authentication', () => {
  it.each([
    ['clientSecretBasic', clientSecretBasic(() => SECRET), `Basic ${btoa(`${ID}:${SECRET}`)}`, undefined],
    ['clientSecretPost', clientSecretPost(async () => SECRET), null, SECRET],
  ])('%s sends the secret that a function returns', async (_name, authentication, header, parameter) => {
    const bench = createProtocolBench({
      server: { clients: [{ id: ID, secret: SECRET }] },
      protocol: { authentication },
    })
    expect(await refresh(bench)).toMatchObject({ kind: 'refreshed' })
    const sent = bench.server.log.findLast(({ kind }) => kind === 'refresh')
    expect(sent?.headers.get('authorization')).toBe(header)
    expect(sent?.parameters.get('client_secret') ?? undefined).toBe(parameter)
  })

  it('none sends only the client ID', async () => {
    const bench = createProtocolBench({
      server: { clients: [{ id: 'spa' }] },
      protocol: { authentication: none() },
    })
    expect(await refresh(bench)).toMatchObject({ kind: 'refreshed' })
    expect(
      bench.server.log.findLast(({ kind }) => kind === 'refresh')?.headers.get('authorization'),
    ).toBeNull()
    expect(bench.server.log.findLast(({ kind }) => kind === 'refresh')?.parameters.get('client_id')).toBe(
      'spa',
    )
  })

  it.each([
    ['a secret', SECRET],
    ['a function', async () => SECRET],
  ])('clientSecretJwt signs with %s, and does not send it', async (_what, secret) => {
    const sent: URLSearchParams[] = []
    const bench: ProtocolBench = createProtocolBench({
      server: { clients: [{ id: ID, secret: SECRET }] },
      protocol: { authentication: clientSecretJwt(secret) },
      async fetch(url, init) {
        const date = new Date((bench.clock.now() + 300) * 1000).toUTCString()
        if (init?.method === 'POST') sent.push(new URLSearchParams(init.body as URLSearchParams))
        const response = await bench.server.fetch(url, init)
        response.headers.set('date', date)
        return response
      },
    })
    await bench.protocol.ready()
    await refresh(bench)
    await refresh(bench)
    const ids = new Set<unknown>()
    for (const form of sent) {
      const { payload } = await jwtVerify(
        form.get('client_assertion') ?? '',
        new TextEncoder().encode(SECRET),
        { algorithms: ['HS256'], currentDate: new Date((NOW + 300) * 1000), clockTolerance: 0 },
      )
      ids.add(payload.jti)
      // The times are those of the server's clock.
      const times = { iat: NOW + 299, nbf: NOW + 299, exp: NOW + 359 }
      expect(payload).toMatchObject({ iss: ID, sub: ID, aud: bench.server.issuer, ...times })
      expect(String(form)).not.toContain(SECRET)
    }
    expect(ids.size).toBe(2)
  })

  it('calls the function for each token request, so that a rotated secret is used', async () => {
    const secrets = ['wrong', SECRET, SECRET]
    let calls = 0
    const bench = benchWith(() => secrets[calls++] ?? '')
    expect(await refresh(bench)).toMatchObject({ kind: 'misconfigured' })
    expect(await refresh(bench)).toMatchObject({ kind: 'refreshed' })
    expect(await bench.protocol.revoke('rt')).toBe('revoked')
    expect(calls).toBe(3)
  })

  it('uses the secret that was requested before the lease, unless it is old', async () => {
    let calls = 0
    const bench = benchWith(() => (++calls, SECRET))
    await bench.protocol.ready()
    expect(await refresh(bench)).toMatchObject({ kind: 'refreshed' })
    expect(calls).toBe(1)
    await bench.clock.advance(60_000)
    expect(await refresh(bench)).toMatchObject({ kind: 'refreshed' })
    expect(calls).toBe(2)
  })

  it('refuses a value without a secret', () => {
    for (const secret of ['', undefined as never, 7 as never])
      for (const create of [clientSecretBasic, clientSecretPost, clientSecretJwt])
        expect(() => create(secret)).toThrow(ConfigurationError)
  })

  const failures: [string, ClientSecret, object | undefined][] = [
    [
      'throws',
      () => {
        throw Object.assign(new Error('canary'), { code: 'ETIMEDOUT' })
      },
      { name: 'Error', code: 'ETIMEDOUT' },
    ],
    ['rejects', () => Promise.reject(new TypeError('canary')), { name: 'TypeError' }],
    ['returns an empty string', () => '', undefined],
    ['returns no string', (() => undefined) as never, undefined],
    ['hangs', hangs, undefined],
  ]

  it.each(failures)(
    'a function that %s is no key of HS256, and nothing waits for it',
    async (_what, secret) => {
      const { options, clock } = benchWith(secret)
      const failure = failureOf(createClientAuthenticator(options, hangs).secret())
      await asleep(clock, failure)
      await clock.advance(REQUEST_TIMEOUT_MS)
      expect(await failure).toMatchObject({ code: 'key_service_unavailable' })
    },
  )

  it.each(failures)('a function that %s: nothing is sent', async (_what, secret, cause) => {
    const bench = benchWith(secret)
    const { refresh_token: refreshToken = '' } = await bench.server.issue()
    const run = async <T>(work: Promise<T>) => {
      await asleep(bench.clock, work)
      await bench.clock.advance(REQUEST_TIMEOUT_MS)
      return work
    }
    const failure = await run(failureOf(bench.protocol.ready()))
    expect(failure).toBeInstanceOf(OperatorError)
    expect(failure).toMatchObject({ code: 'key_service_unavailable', retryAfterSeconds: 1 })
    expect((failure as Error).cause).toEqual(cause)
    expectNoCanary(failure)
    expect(await run(bench.protocol.refresh({ refreshToken, parameters: {}, user: USER }))).toEqual({
      kind: 'not_processed',
      code: 'key_service_unavailable',
      cause: cause ?? { name: 'OperatorError' },
      retryAfterSeconds: 1,
    })
    expect(await run(bench.protocol.revoke(refreshToken))).toBe('failed')
    expect(bench.server.log.filter(({ kind }) => kind === 'refresh')).toEqual([])
  })
})
