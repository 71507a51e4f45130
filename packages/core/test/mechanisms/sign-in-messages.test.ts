import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { failureOf } from './bench.ts'
import { CANARIES, canaryErrors, expectNoCanary } from './canaries.ts'
import { answering, answerTo, type BenchOptions, createProtocolBench } from './protocol-bench.ts'

const TOKEN_URL = 'https://login.example.com/token'
const TRANSACTION = { state: 's'.repeat(43), nonce: 'n'.repeat(43), codeVerifier: 'v'.repeat(43) }
const transaction = { ...TRANSACTION, redirectUri: 'https://app.example.com/auth/callback' }

/** Redeems a code that the server has not issued, so that each test decides what the token endpoint responds with. */
async function redeem(options: BenchOptions, response: Record<string, string> = {}): Promise<unknown> {
  const { protocol, server } = createProtocolBench(options)
  const { state } = transaction
  const query = new URLSearchParams({ code: 'canary', iss: server.issuer, state, ...response })
  if ('error' in response) query.delete('code')
  return failureOf(protocol.redeem(query, transaction, () => undefined))
}

function responding(status: number, body: object | string): BenchOptions {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const headers = { 'content-type': 'application/json' }
  return { fetch: answering({ '/token': () => new Response(text, { status, headers }) }) }
}

describe('the message of a failed sign-in', () => {
  it.each([
    ['invalid_client', 401, /`invalid_client`.*`clientSecret`/],
    ['invalid_scope', 400, /`invalid_scope`\)\. Change `scope`/],
    ['invalid_target', 400, /`invalid_target`.*`resource`/],
    ['unauthorized_client', 400, /`unauthorized_client`.*grant type/],
  ])('%s names the change', async (error, status, message) => {
    const cause = { status, error, url: TOKEN_URL }
    expect(await redeem(responding(status, { error }))).toMatchObject({
      name: 'ConfigurationError',
      code: 'client_rejected',
      message: expect.stringMatching(message) as string,
      cause,
    })
  })

  it('invalid_scope in the authorization response names the scope and no secret', async () => {
    const failure = await redeem({}, { error: 'invalid_scope' })
    expect(failure).toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringContaining('Change `scope`') as string,
    })
    expect(String(failure)).not.toMatch(/secret/i)
  })

  it.each([400, 401, 403, 404])(
    '%i without a registered error is permanent, and names the URL',
    async (status) => {
      for (const body of [{ error: 'canary' }, { message: 'Bad credentials' }, 'canary']) {
        const failure = await redeem(responding(status, body))
        expect(failure).toMatchObject({
          name: 'ConfigurationError',
          code: 'client_rejected',
          message: expect.stringContaining(`${TOKEN_URL} (status ${status})`) as string,
          cause: { status, url: TOKEN_URL },
        })
        expectNoCanary(failure)
      }
    },
  )

  it.each([429, 500, 502, 503])('%i asks for a retry, and names the URL', async (status) => {
    expect(await redeem(responding(status, 'canary'))).toMatchObject({
      name: 'TryLaterError',
      code: 'authorization_server_unavailable',
      message: expect.stringContaining(`${TOKEN_URL} (status ${status})`) as string,
      cause: { status, url: TOKEN_URL },
    })
  })

  it.each(['temporarily_unavailable', 'server_error'])('%s asks for a retry', async (error) => {
    expect(await redeem({}, { error })).toMatchObject({
      code: 'authorization_server_unavailable',
      message: expect.stringContaining(error) as string,
    })
  })

  it.each(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'UND_ERR_SOCKET'])(
    'a network error (%s) is no forged response',
    async (code) => {
      const failing = () => Promise.reject(new TypeError('fetch failed', { cause: { code } }))
      expect(await redeem({ fetch: answering({ '/token': failing }) })).toMatchObject({
        name: 'TryLaterError',
        code: 'authorization_server_unavailable',
        message: `Cannot finish the sign-in: no response of ${TOKEN_URL} (${code}). Try again later.`,
        cause: { code, url: TOKEN_URL },
      })
    },
  )

  it.each([
    [{ token_type: 'mac', access_token: 'canary' }, 'its `token_type` is "mac" and not Bearer'],
    [
      { token_type: 'canary of a server', access_token: 'canary' },
      'its `token_type` is not printable and not Bearer',
    ],
    [{ token_type: 'Bearer' }, 'its `access_token` is missing'],
    [{ token_type: 'Bearer', access_token: 'ca\nnary' }, 'its `access_token` does not fit'],
    [{ error: 'canary' }, 'its `error` is not a registered one'],
    ['canary', 'its body is not a JSON object'],
  ])('a token response that cannot be used names the member: %j', async (body, reason) => {
    const failure = await redeem(responding(200, body))
    expect(failure).toMatchObject({
      name: 'ConfigurationError',
      code: 'token_response_malformed',
      message: expect.stringContaining(
        `${TOKEN_URL} (status 200) cannot be used, because ${reason}`,
      ) as string,
      cause: { status: 200, url: TOKEN_URL, reason: expect.stringContaining(reason) as string },
    })
    expectNoCanary(failure)
  })

  it('a refresh token in a response that cannot be used is handed over for revocation', async () => {
    const { protocol, server } = createProtocolBench(
      responding(200, { refresh_token: 'rt-1', token_type: 'mac' }),
    )
    const query = new URLSearchParams({ code: 'c', iss: server.issuer, state: transaction.state })
    const unused: string[] = []
    await failureOf(protocol.redeem(query, transaction, (token) => unused.push(token)))
    expect(unused).toEqual(['rt-1'])
  })

  it('a refresh keeps the refresh token of such a response, and names the member', async () => {
    expect(await answerTo({ refresh_token: 'rt-2', token_type: 'mac', access_token: 'at' })).toMatchObject({
      kind: 'refreshed',
      grant: {
        refreshToken: 'rt-2',
        unusable: {
          status: 200,
          url: TOKEN_URL,
          reason: 'its `token_type` is "mac" and not Bearer',
        },
      },
    })
    expect(await answerTo({ token_type: 'mac', access_token: 'at' })).toMatchObject({
      kind: 'refreshed',
      grant: { unusable: { reason: 'its `token_type` is "mac" and not Bearer', url: TOKEN_URL } },
    })
  })

  it.each([
    ['nonce', undefined, /`nonce` is missing or wrong\).*`nonce`.*`server\.nonce`/],
    ['nonce', 'canary', /`nonce` is missing or wrong/],
    ['exp', 1_700_000_000, /`exp` is missing or wrong\).*clocks/],
    ['aud', 'canary', /`aud` is missing or wrong/],
    ['iss', 'https://evil.example/canary', /`iss` is missing or wrong/],
  ])('an ID token with a wrong %s (%s) names the claim', async (name, value, message) => {
    const bench = createProtocolBench()
    bench.server.script('token', { type: 'idToken', claims: { [name]: value } })
    const url = await bench.protocol.authorize(transaction, new URLSearchParams({ scope: 'openid' }))
    const back = await bench.server.fetch(url, { redirect: 'manual' })
    const query = new URL(back.headers.get('location') ?? '').searchParams
    const failure = await failureOf(bench.protocol.redeem(query, transaction, () => undefined))
    expect(failure).toMatchObject({
      code: 'authorization_response_invalid',
      message: expect.stringMatching(message) as string,
    })
    expectNoCanary(failure)
  })
})

describe('no message of the protocol', () => {
  const canary = fc.constantFrom(...CANARIES)
  const member = fc.constantFrom('error', 'error_description', 'access_token', 'refresh_token', 'id_token')
  const other = fc.constantFrom('token_type', 'issuer', 'scope', 'token_endpoint', 'authorization_endpoint')
  const body = fc.oneof(
    canary,
    fc.dictionary(fc.oneof(member, other), canary).map((members) => JSON.stringify(members)),
  )
  const answer = fc
    .record({
      status: fc.constantFrom(200, 201, 302, 307, 400, 401, 403, 404, 429, 500),
      body,
      location: canary,
    })
    .map(({ status, body: text, location }) => () => {
      const target = URL.canParse(location) ? location : `https://evil.example/?${location}`
      return Promise.resolve(new Response(text, { status, headers: { location: target } }))
    })
  const failing = fc.constantFrom(...canaryErrors()).map((thrown) => async (): Promise<Response> => {
    throw thrown
  })
  const outcome = fc.oneof({ arbitrary: answer, weight: 4 }, { arbitrary: failing, weight: 1 })

  it('or of its cause, which events carry, contains a token, a code, a secret or a query', () =>
    fc.assert(
      fc.asyncProperty(fc.constantFrom('/token', '-configuration'), outcome, async (path, respond) => {
        const options = { fetch: answering({ [path]: respond }) }
        const { protocol } = createProtocolBench(options)
        const user = { sub: 'user-1' }
        const refreshed = await protocol.refresh({ refreshToken: 'canary', parameters: {}, user })
        if (refreshed.kind !== 'refreshed' && refreshed.kind !== 'subject_changed') expectNoCanary(refreshed)
        else expectNoCanary(refreshed.grant.unusable)
        expectNoCanary(await redeem(options), await protocol.ready().catch((error: unknown) => error))
      }),
      { numRuns: 200 },
    ))
})
