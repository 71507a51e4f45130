import { describe, expect, it } from 'vitest'
import type { RefreshResult } from '../../src/ports/authorization-server.ts'
import type { UserClaims } from '../../src/model/token-grant.ts'
import { clientSecretPost, none as publicClient } from '../../src/mechanisms/protocol/client-secret.ts'
import { createConnection } from '../../src/mechanisms/protocol/connection.ts'
import { createTokenServer } from '../../src/mechanisms/protocol/token-server.ts'
import { asleep } from './bench.ts'
import { answering, answerTo, createProtocolBench, NOW, refresh, USER } from './protocol-bench.ts'

const good = { access_token: 'at', token_type: 'Bearer', refresh_token: 'new', expires_in: 60 }

describe('refresh', () => {
  it('S1: authenticates the client and brings what the server issued', async () => {
    const bench = createProtocolBench()
    const answer = await refresh(bench)
    expect(answer).toMatchObject({
      kind: 'refreshed',
      grant: { claims: USER, accessToken: { expiresAt: NOW + 300.5, ahead: 0.5 } },
    })
    const sent = bench.server.log.find(({ kind }) => kind === 'refresh')
    expect(sent?.headers.get('authorization')).toMatch(/^Basic /)
    expect([...(sent?.parameters.keys() ?? [])].toSorted()).toEqual(['grant_type', 'refresh_token'])
    expect(sent?.url.search).toBe('')
  })

  it('S1: authenticates in the body if configured, and only with its name if it is public', async () => {
    const clientSecret = 'web-secret-for-tests-only'
    const post = createProtocolBench({
      protocol: { authentication: clientSecretPost(clientSecret) },
    })
    expect((await refresh(post)).kind).toBe('refreshed')
    expect(post.server.log.findLast(({ kind }) => kind === 'refresh')?.parameters.get('client_secret')).toBe(
      clientSecret,
    )
    const none = createProtocolBench({
      server: { clients: [{ id: 'spa' }] },
      protocol: { authentication: publicClient() },
    })
    expect((await refresh(none)).kind).toBe('refreshed')
    expect(none.server.log.findLast(({ kind }) => kind === 'refresh')?.parameters.get('client_id')).toBe(
      'spa',
    )
  })

  it('S1: sends its credentials in any characters, form-encoded', async () => {
    const [id, secret] = ['we b:1/ä', "s%e+c&r=e:t-_.~*'()😀"]
    const bench = createProtocolBench({ server: { clients: [{ id, secret }] } })
    expect(await refresh(bench)).toMatchObject({ kind: 'refreshed' })
    const { headers } = bench.server.log.findLast(({ kind }) => kind === 'refresh') ?? {}
    const credentials = atob(headers?.get('authorization')?.slice('Basic '.length) ?? '').split(':')
    expect(credentials.map((each) => new URLSearchParams(`x=${each}`).get('x'))).toEqual([id, secret])
    expect(headers?.get('content-type')).toBe('application/x-www-form-urlencoded;charset=UTF-8')
    expect(headers?.get('accept')).toBe('application/json')
  })

  it('S2, S14: requests exactly the given parameters', async () => {
    const bench = createProtocolBench()
    const { refresh_token = '' } = await bench.server.issue({ scope: 'openid a b' })
    const wanted = {
      scope: 'a',
      resource: ['https://one.example', 'https://two.example'],
      parameters: { audience: 'x' },
    }
    await bench.protocol.refresh({ refreshToken: refresh_token, parameters: wanted, user: USER })
    const sent = bench.server.log.findLast(({ kind }) => kind === 'refresh')?.parameters
    expect(sent?.get('scope')).toBe('a')
    expect(sent?.getAll('resource')).toEqual(wanted.resource)
    expect(sent?.get('audience')).toBe('x')
  })

  it('counts lifetimes from when the request was sent, or from earlier if the Date of the response is old', async () => {
    const bench = createProtocolBench()
    await bench.protocol.ready()
    bench.server.script('refresh', { type: 'delay', ms: 4000, when: 'after' })
    const work = refresh(bench)
    await asleep(bench.clock, work, 2)
    await bench.clock.advance(5000)
    const answer = await work
    const { obtainedAt = 0, expiresAt } = (answer.kind === 'refreshed' && answer.grant.accessToken) || {}
    expect(obtainedAt).toBeLessThanOrEqual(NOW + 0.5)
    expect(obtainedAt).toBeGreaterThanOrEqual(NOW - 4.5)
    expect(expiresAt).toBe(obtainedAt + 300)
  })

  it.each<[string, Record<string, unknown>, RefreshResult['kind']]>([
    ['the same user', {}, 'refreshed'],
    ['another sub', { sub: 'somebody-else' }, 'subject_changed'],
    ['another issuer', { iss: 'https://evil.example' }, 'subject_changed'],
    ['another sub and auth_time', { sub: 'somebody-else', auth_time: NOW - 1 }, 'subject_changed'],
    ['another aud', { aud: 'another-client' }, 'subject_changed'],
    ['several aud, and one of them is the client', { aud: ['api', 'web'], azp: 'web' }, 'refreshed'],
  ])('S10: an ID token of %s', async (_whose, claims, kind) => {
    const bench = createProtocolBench()
    bench.server.script('refresh', { type: 'idToken', claims })
    const answer = await refresh(bench)
    expect(answer.kind).toBe(kind)
    if (answer.kind === 'subject_changed') expect(answer.grant).not.toHaveProperty('claims')
    if (answer.kind === 'subject_changed') expect(answer.grant.refreshToken).toMatch(/^rt_/)
  })

  const faults: readonly [string, object][] = [
    ['auth_time differs', { claims: { auth_time: NOW - 1 } }],
    ['azp differs', { claims: { azp: 'another-client' } }],
    ['expired', { claims: { exp: NOW - 3600 } }],
    ['has no signature', { signature: 'none' }],
    ['does not have the time of its issue', { claims: { iat: 'soon' } }],
  ]

  it.each(faults)(
    'S9, S10: an ID token that %s costs its claims, not the tokens with it',
    async (_why, tweak) => {
      const bench = createProtocolBench()
      bench.server.script('refresh', { type: 'idToken', ...tweak })
      const answer = await refresh(bench)
      expect(answer).toMatchObject({ kind: 'refreshed', idTokenIgnored: true })
      expect(answer).toHaveProperty('grant.accessToken')
      expect(answer).not.toHaveProperty('grant.claims')
      expect(answer).not.toHaveProperty('grant.idToken')
    },
  )

  it.each(
    faults.flatMap(([why, tweak]) =>
      [{ sub: 'somebody-else' }, { iss: 'https://evil.example' }].map(
        (other) => [other, why, tweak] as const,
      ),
    ),
  )('S10: an ID token with %o that %s: nothing of the response is used', async (other, _why, tweak) => {
    const bench = createProtocolBench()
    const { claims } = tweak as { claims?: object }
    bench.server.script('refresh', { type: 'idToken', ...tweak, claims: { ...claims, ...other } })
    expect((await refresh(bench)).kind).toBe('subject_changed')
  })

  it.each(['e30.%s.', 'e30.%s.x', '.%s', 'e30.%s.x.x.x', '%%%.%s.%%%', 'e30.%s=.x\n'])(
    'S10: another sub in a token of the form %s: nothing of the response is used',
    async (form) => {
      const payload = Buffer.from('{"sub":"somebody-else"}').toString('base64url')
      const answer = await answerTo({ ...good, id_token: form.replace('%s', payload) })
      expect(answer).toMatchObject({ kind: 'subject_changed', grant: { refreshToken: 'new' } })
    },
  )

  it('S10: compares an ID token that is not verified, too', async () => {
    const bench = createProtocolBench()
    const endpoint = createTokenServer(createConnection(bench.options))
    const ask = async (claims: UserClaims, fault: UserClaims, original = true) => {
      const { refresh_token = '', id_token } = await bench.server.issue()
      bench.server.script('refresh', { type: 'idToken', claims: fault })
      const answer = await endpoint.refresh({
        refreshToken: refresh_token,
        parameters: {},
        user: claims,
        idToken: original ? id_token : undefined,
      })
      return answer.kind
    }
    expect(await ask({}, {})).toBe('refreshed')
    expect(await ask({}, { sub: 'somebody-else' })).toBe('subject_changed')
    expect(await ask({ sub: 'user-1' }, { sub: 'somebody-else' }, false)).toBe('subject_changed')
    expect(await ask({}, { sub: 'somebody-else' }, false)).toBe('refreshed')
    expect(await ask({}, { iss: 'https://evil.example' }, false)).toBe('subject_changed')
  })

  it.each<[string, object, boolean]>([
    ['repeats the nonce', { nonce: 'n' }, true],
    ['has no nonce', {}, true],
    ['has another nonce', { nonce: 'other' }, false],
    ['has a further audience', { aud: ['web', 'api', 'more'], azp: 'web' }, true],
    ['has a smaller audience', { aud: 'web', azp: 'web' }, false],
    ['has no azp', { aud: ['web', 'api'], azp: undefined }, false],
  ])('S10: an ID token of the sign-in that %s', async (_what, claims, isUsed) => {
    const bench = createProtocolBench()
    const first = { aud: ['web', 'api'], azp: 'web', nonce: 'n' }
    const previous = `e30.${Buffer.from(JSON.stringify(first)).toString('base64url')}.x`
    const { refresh_token = '' } = await bench.server.issue()
    bench.server.script('refresh', { type: 'idToken', claims: { ...first, nonce: undefined, ...claims } })
    const answer = await bench.protocol.refresh({
      refreshToken: refresh_token,
      parameters: {},
      user: USER,
      idToken: previous,
    })
    expect(answer).toMatchObject({ kind: 'refreshed', grant: { accessToken: {} } })
    expect('idTokenIgnored' in answer).toBe(!isUsed)
  })

  it('S10: an absent or malformed ID token changes nothing', async () => {
    expect(await answerTo(good)).toEqual({
      kind: 'refreshed',
      grant: expect.not.objectContaining({ claims: expect.anything() }),
    })
    expect(await answerTo({ ...good, id_token: 'garbage' })).toMatchObject({
      kind: 'refreshed',
      idTokenIgnored: true,
    })
  })

  it('judges an ID token by the clock it was given', async () => {
    const bench = createProtocolBench()
    bench.clock.jump(1e9)
    const fresh = await refresh(bench, { sub: 'user-1' })
    expect(fresh).toMatchObject({ kind: 'refreshed', grant: { claims: { sub: 'user-1' } } })
    bench.server.script('refresh', { type: 'idToken', claims: { exp: NOW + 5e8 } })
    expect(await refresh(bench, { sub: 'user-1' })).toMatchObject({ idTokenIgnored: true })
  })

  const unusable: unknown = expect.objectContaining({ name: 'TokenEndpointError' })
  const onlyNew = { kind: 'refreshed', grant: { refreshToken: 'new', unusable } }

  it.each([
    [{ ...good, access_token: 'naïve' }],
    [{ ...good, access_token: '' }],
    [{ refresh_token: 'new' }],
  ])('keeps the new refresh token if the access token cannot be used: %o', async (body) => {
    expect(await answerTo(body)).toEqual(onlyNew)
  })

  it('a token_type that is unknown is a response, with or without a new refresh token', async () => {
    const grant = { unknownType: '"mac"' }
    const body = { access_token: 'at', token_type: 'mac' }
    expect(await answerTo(body)).toMatchObject({ kind: 'refreshed', grant })
    expect(await answerTo({ ...body, refresh_token: 'new' })).toMatchObject({
      kind: 'refreshed',
      grant: { ...grant, refreshToken: 'new' },
    })
  })

  it.each([
    '',
    '{',
    '[]',
    '[{"access_token":"at","token_type":"bearer"}]',
    'null',
    '"at"',
    '<html>',
    '{}',
    `{"a":${'['.repeat(30_000)}`,
  ])('a 200 with %.40s may mean anything', async (body) => {
    expect(await answerTo(body)).toMatchObject({ kind: 'ambiguous', cause: { status: 200 } })
  })

  it.each([201, 202, 299])('S1: reads a token response under the status %d', async (status) => {
    expect(await answerTo(good, { status })).toEqual(await answerTo(good))
  })

  it('S1: reads a token response that is a form', async () => {
    const form = new URLSearchParams({ access_token: 'at', token_type: 'bearer', refresh_token: 'new' })
    expect(await answerTo(String(form))).toMatchObject({
      kind: 'refreshed',
      grant: { accessToken: { value: 'at' }, refreshToken: 'new' },
    })
    expect(await answerTo('error=bad_refresh_token&error_description=x')).toEqual({ kind: 'rejected' })
  })

  it.each([
    ['an error', { error: 'server_error', refresh_token: 'new' }, 400],
    ['a broken server', { refresh_token: 'new' }, 500],
    ['a redirect', { refresh_token: 'new' }, 307],
    ['a busy server', { refresh_token: 'new' }, 429],
    ['two access tokens', '{"access_token":"a","access_token":"b","refresh_token":"new"}', 200],
    ['two refresh tokens', '{"access_token":"naïve","refresh_token":"old","refresh_token":"new"}', 200],
    ['JSON that is cut off', '{"refresh_token":"new","access_token":"a', 200],
    ['more than 16 MiB', { refresh_token: 'new', pad: 'x'.repeat(17_000_000) }, 200],
  ])('S1: keeps the new refresh token of %s, and nothing else', async (_what, body, status) => {
    expect(await answerTo(body, { status })).toEqual(onlyNew)
  })

  it('S1: a text about the refresh token in an error is no new one', async () => {
    const body = { refresh_token: 'The refresh token field is invalid.' }
    expect((await answerTo(body, { status: 400 })).kind).not.toBe('refreshed')
  })

  it('S1: takes no token from a form that breaks off', async () => {
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('access_token=at&refresh_token=ghr_12'))
      },
      pull: (controller) => controller.error(new TypeError('terminated')),
    })
    const bench = createProtocolBench({ fetch: answering({ '/token': () => new Response(stream) }) })
    expect((await refresh(bench)).kind).toBe('ambiguous')
  })

  it('S1: keeps the new refresh token of a response that breaks off', async () => {
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('{"refresh_token":"new","acc'))
      },
      pull: (controller) => controller.error(new TypeError('terminated')),
    })
    const bench = createProtocolBench({ fetch: answering({ '/token': () => new Response(stream) }) })
    expect(await refresh(bench)).toEqual(onlyNew)
  })

  it('S1: an error that repeats the refresh token carries no new one', async () => {
    const body = { error: 'invalid_grant', refresh_token: 'rt' }
    const fetch = answering({ '/token': () => Response.json(body, { status: 400 }) })
    const { protocol } = createProtocolBench({ fetch })
    const demand = { refreshToken: 'rt', parameters: {}, user: USER }
    expect(await protocol.refresh(demand)).toEqual({ kind: 'rejected' })
  })

  it('reads a response of 10 MB', async () => {
    expect(await answerTo({ pad: 'x'.repeat(10_000_000), ...good })).toMatchObject({
      kind: 'refreshed',
      grant: { accessToken: { value: good.access_token } },
    })
  })
})
