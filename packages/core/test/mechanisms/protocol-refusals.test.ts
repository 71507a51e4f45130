import { FAULTS } from '@evertoken/testkit'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AuthorizationServerOptions } from '../../src/mechanisms/protocol/authorization-server.ts'
import type { ServerDialect } from '../../src/ports/dialect.ts'
import {
  ConfigurationError,
  OperatorError,
  type RevocationOutcome,
  TryLaterError,
} from '../../src/vocabulary/index.ts'
import { asleep } from './bench.ts'
import { CANARIES, canaryErrors, expectNoCanary } from './canaries.ts'
import {
  answering,
  answerTo,
  createProtocolBench,
  NOW,
  refresh,
  REQUEST_TIMEOUT_MS,
} from './protocol-bench.ts'

const url = 'https://login.example.com/token'

function throwDefect(): never {
  throw new Error('defect')
}

describe('a refresh that fails', () => {
  it.each(Object.keys(FAULTS))('never throws and never reaches another origin: %s', async (name) => {
    const bench = createProtocolBench()
    bench.server.script('refresh', FAULTS[name])
    const { kind } = await refresh(bench)
    if (name.startsWith('429')) expect(kind).toBe('not_processed')
    // These responses carry the new refresh token.
    if (/text\/plain|duplicate keys|10 MB/.test(name)) expect(kind).toBe('refreshed')
    else if (/^(?:[235]|reset|temporarily)/.test(name) && name !== '200 with cut JSON')
      expect(kind).toBe('ambiguous')
    if (name.startsWith('400')) expect(kind).toBe('refused')
    if (name === 'invalid_grant') expect(kind).toBe('rejected')
    expect(bench.server.log.filter((entry) => entry.kind === 'elsewhere')).toEqual([])
  })

  it.each([
    ['error', { error: 'invalid_grant' }, 400, 'rejected'],
    ["GitHub's error", { error: 'bad_refresh_token' }, 200, 'rejected'],
    ['error under a 500', { error: 'invalid_grant' }, 500, 'ambiguous'],
    ['error under a redirect', { error: 'invalid_grant' }, 307, 'ambiguous'],
    ['client error', { error: 'invalid_client' }, 401, 'misconfigured'],
    ['unknown error', { error: 'canary' }, 400, 'refused'],
    ["Slack's error", { ok: false, error: 'invalid_refresh_token' }, 200, 'rejected'],
    ['error about the user', { error: 'interaction_required' }, 400, 'sign_in_required'],
    ['odd error', { error: ['invalid_grant'] }, 400, 'refused'],
  ])('classifies an %s', async (_what, body, status, kind) => {
    expect(await answerTo(body, { status })).toMatchObject({ kind })
  })

  it('reports its name, status and the registered error', async () => {
    const reason =
      '`client_secret_basic` was used, and the metadata lists client_secret_basic, client_secret_post, none'
    const cause = { name: 'TokenEndpointError', status: 401, error: 'invalid_client', url, reason }
    const init = { status: 401, headers: { 'retry-after': '7' } }
    expect(await answerTo({ error: 'invalid_client' }, init)).toEqual({ kind: 'misconfigured', cause })
    expect(await answerTo({ error: 'canary' }, { status: 400 })).toEqual({
      kind: 'refused',
      isBusy: false,
      cause: { name: 'TokenEndpointError', status: 400, url },
    })
  })

  it('is read as the profile of the server describes', async () => {
    const verdicts = [{ member: 'status', is: ['BAD_REFRESH_TOKEN'], means: 'refresh_token_dead' }] as const
    const dialect: ServerDialect = { readTokenResponse: ({ problem }) => ({ error: problem }) }
    const resultOf = (body: object, protocol: Partial<AuthorizationServerOptions>) =>
      refresh(
        createProtocolBench({
          protocol,
          fetch: answering({ '/token': () => Response.json(body, { status: 400 }) }),
        }),
      )
    expect(await resultOf({ status: 'BAD_REFRESH_TOKEN' }, { verdicts })).toEqual({ kind: 'rejected' })
    expect(await resultOf({ status: 'BAD_REFRESH_TOKEN' }, {})).toMatchObject({ kind: 'refused' })
    expect(await resultOf({ problem: 'invalid_grant' }, { dialect })).toEqual({ kind: 'rejected' })
  })

  it.each([
    ['throws', throwDefect],
    ['returns nothing', () => undefined as never],
  ])('a dialect that %s loses no refresh token', async (_what, readTokenResponse) => {
    const body = { access_token: 'at', token_type: 'Bearer', expires_in: 60, refresh_token: 'rt-new' }
    const result = await refresh(
      createProtocolBench({
        protocol: { dialect: { readTokenResponse } },
        fetch: answering({ '/token': () => Response.json(body) }),
      }),
    )
    expect(result).toMatchObject({ kind: 'refreshed', grant: { refreshToken: 'rt-new' } })
  })

  it.each<[RevocationOutcome, () => Promise<unknown>]>([
    ['revoked', async () => 'revoked'],
    ['failed', async () => 'anything'],
    ['failed', () => Promise.reject(new Error('defect'))],
  ])('a dialect revokes tokens: %s', async (outcome, revoke) => {
    const dialect = { revoke: revoke as () => Promise<RevocationOutcome> }
    expect(await createProtocolBench({ protocol: { dialect } }).protocol.revoke('rt')).toBe(outcome)
  })

  it('honours Retry-After', async () => {
    const later = (value: string) => answerTo('', { status: 503, headers: { 'retry-after': value } })
    expect(await later('7')).toMatchObject({ kind: 'ambiguous', retryAfterSeconds: 7 })
    expect(await later('31536000')).toMatchObject({ retryAfterSeconds: 300 })
    expect(await later(new Date((NOW + 9) * 1000).toUTCString())).toMatchObject({ retryAfterSeconds: 9 })
  })

  it.each([
    'ECONNREFUSED',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'UND_ERR_CONNECT_TIMEOUT',
  ])('knows that nothing was sent: %s', async (code) => {
    const failing = () => Promise.reject(new TypeError('fetch failed', { cause: { code } }))
    expect(await refresh(createProtocolBench({ fetch: answering({ '/token': failing }) }))).toEqual({
      kind: 'not_processed',
      cause: { name: 'TypeError', code, url },
    })
  })

  it.each(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_HEADERS_TIMEOUT'])(
    'cannot know after %s',
    async (code) => {
      const failing = () => Promise.reject(new TypeError('fetch failed', { cause: { code } }))
      expect(await refresh(createProtocolBench({ fetch: answering({ '/token': failing }) }))).toMatchObject({
        kind: 'ambiguous',
      })
    },
  )

  it.each([
    new TryLaterError('refresh_pending', 'later', { retryAfterSeconds: 1 }),
    new OperatorError('key_service_unavailable', 'no secret'),
    new ConfigurationError('invalid_option', 'wrong'),
  ])(
    'cannot know after an error of another Evertoken in the fetch of the application: %s',
    async (thrown) => {
      const failing = () => Promise.reject(thrown)
      const result = await refresh(createProtocolBench({ fetch: answering({ '/token': failing }) }))
      expect(result).toEqual({ kind: 'ambiguous', cause: { name: 'Error', url } })
    },
  )

  it.each([
    [429, true],
    [503, true],
    [500, false],
    [502, false],
  ])('a %d shows that the server is overloaded: %s', async (status, isBusy) => {
    expect(await answerTo('', { status })).toMatchObject({ isBusy })
  })

  it('listens to a silent server for 65 s, longer than any caller waits', async () => {
    const bench = createProtocolBench()
    await bench.protocol.ready()
    bench.server.script('refresh', { type: 'hang' })
    let isOver = false
    const work = refresh(bench).finally(() => (isOver = true))
    await asleep(bench.clock, work)
    await bench.clock.advance(REQUEST_TIMEOUT_MS + 54_999)
    expect(isOver).toBe(false)
    await bench.clock.advance(1)
    const answer = await work
    expect(answer).toMatchObject({ kind: 'ambiguous', cause: { name: 'TimeoutError' } })
  })

  it('I5: repeats no text of the server or the connection', async () => {
    for (const canary of CANARIES) {
      for (const status of [200, 400, 401, 403, 429, 500]) {
        const body = { error: canary, error_description: canary, error_uri: canary, [canary]: canary }
        expectNoCanary(
          await answerTo(body, {
            status,
            statusText: canary.slice(0, 5),
            headers: { 'www-authenticate': canary },
          }),
        )
      }
    }
    for (const error of canaryErrors()) {
      expectNoCanary(
        await refresh(createProtocolBench({ fetch: answering({ '/token': () => Promise.reject(error) }) })),
      )
    }
  })

  it('never throws, whatever the body', async () => {
    const member = fc.constantFrom(
      'access_token',
      'token_type',
      'refresh_token',
      'expires_in',
      'id_token',
      'error',
      'scope',
    )
    const value = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constantFrom('Bearer', 'at', 'invalid_grant'))
    const status = fc.constantFrom(200, 400, 401, 500)
    await fc.assert(
      fc.asyncProperty(fc.dictionary(member, value), status, async (body, code) => {
        const answer = await answerTo(body, { status: code })
        if (answer.kind === 'refreshed') expect(code === 200 || body['refresh_token']).toBeTruthy()
        if (answer.kind === 'rejected') expect(body['error']).toBe('invalid_grant')
      }),
      { numRuns: 60 },
    )
  })
})
