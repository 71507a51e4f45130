import { checkTokenParameters } from '../../src/surface/token-parameter-checks.ts'
import { inspect } from 'node:util'
import { createManualClock } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { type ClientCredentials, clientCredentials } from '../../src/grants.ts'
import { clientSecretBasic, clientSecretPost, none } from '../../src/credentials.ts'
import { dpop } from '../../src/dpop.ts'
import { certificateBound } from '../../src/mtls.ts'
import { customRevocation, customTokenRequest } from '../../src/requests.ts'
import { createMemoryStore } from '../../src/mechanisms/stores/memory-store.ts'
import type { UserInfoProfile } from '../../src/mechanisms/protocol/user-info.ts'
import type { TokenParameters } from '../../src/model/token-parameters.ts'
import { checkOptions, type EngineOptions, type WithClient } from '../../src/surface/options.ts'
import { SIGN_IN_OPTIONS, type SignInOptions } from '../../src/surface/sign-in-options.ts'
import { TOKEN_OPTIONS } from '../../src/surface/token-option-checks.ts'
import { checkTokenOptions } from '../../src/surface/token-settings.ts'
import { ConfigurationError } from '../../src/vocabulary/index.ts'

const SECRET = 'canary: a secret of thirty-two characters'
const store = createMemoryStore()
const good: EngineOptions = {
  issuer: 'https://login.example.com',
  clientId: 'web',
  clientSecret: 'canary: the secret of the client',
  encryptionSecret: SECRET,
  store,
}
/** Tested in sign-in-options.test.ts. */
type Elsewhere =
  | 'issuer'
  | 'profile'
  | Exclude<
      keyof SignInOptions,
      'routePrefix' | 'scope' | 'resource' | 'authorizationParameters' | 'revokeOnLogout' | 'postLogoutPath'
    >
const NEITHER = [null, 7, {}, [], '', Symbol('x')]

function check(options: object): unknown {
  try {
    return checkOptions({ ...good, ...options })
  } catch (error) {
    return error
  }
}

function expectRefused(option: string, options: object): void {
  const error = check(options)
  expect(error).toBeInstanceOf(ConfigurationError)
  expect(error).toMatchObject({
    code: 'invalid_option',
    message: expect.stringContaining(`\`${option}\``),
  })
  expect(inspect(error, { depth: null, showHidden: true })).not.toContain('canary')
}

/** Checks good options with these members of the server. */
function checkServer(members: object): unknown {
  const { issuer, ...rest } = good as EngineOptions & { readonly issuer: string }
  try {
    return checkOptions({ ...rest, server: { issuer, ...members } })
  } catch (error) {
    return error
  }
}

describe('checkOptions', () => {
  it('needs four options and fills in the rest', () => {
    expect(check({})).toMatchObject({
      issuer: 'https://login.example.com',
      clientId: 'web',
      secrets: [SECRET],
      authentication: { method: 'client_secret_basic' },
      server: {
        issuer: 'https://login.example.com',
        metadata: undefined,
        refreshTokenReuse: 'strict',
        refreshEndsAccessToken: false,
        defaultScope: undefined,
        authorizationParameters: {},
      },
      origin: undefined,
      routePrefix: '/auth',
      openid: true,
      isDefaultScope: true,
      authorizationParameters: new URLSearchParams({ scope: 'openid offline_access' }),
      session: 'cookie',
      cookieName: 'evertoken-4hq88u',
      maxCookieBytes: 7168,
      sameSite: 'Lax',
      idleTimeoutSeconds: 86_400,
      absoluteTimeoutSeconds: 2_592_000,
      policy: { refreshBeforeExpirySeconds: 60, reuse: 'strict', serveDuringRefresh: true },
      revokeOnLogout: true,
      postLogoutPath: '/',
      serverTimeoutMs: 10_000,
      storeTimeoutMs: 5000,
    })
  })

  it('takes every option except those of the sign-in', () => {
    const all: Required<Omit<EngineOptions & WithClient<ClientCredentials>, Elsewhere>> = {
      server: {
        issuer: 'http://127.0.0.1:3000/realm',
        metadata: 'https://login.example.com/metadata',
        refreshTokenReuse: { graceSeconds: 4 },
        refreshEndsAccessToken: true,
        defaultScope: 'of the server',
        authorizationParameters: { prompt: 'login', audience: 'of the server' },
      },
      insecureHosts: ['keycloak'],
      clientId: 'c',
      clientSecret: 'canary',
      encryptionSecret: [SECRET, `older ${SECRET}`],
      clientAuthentication: 'client_secret_post',
      senderConstraint: dpop(),
      baseUrl: 'https://app.example.com/',
      routePrefix: '/a/b-c_~1.x/',
      scope: 'a b',
      resource: ['https://one.example', 'urn:two'],
      authorizationParameters: { prompt: 'consent' },
      session: 'server',
      indexSessions: true,
      client: clientCredentials(),
      store,
      cookieName: 'my_app-1',
      maxCookieBytes: 12_000,
      sameSite: 'Strict',
      idleTimeoutSeconds: 1,
      absoluteTimeoutSeconds: 2,
      refreshBeforeExpirySeconds: 3,
      revokeOnLogout: false,
      postLogoutPath: '/bye',
      serverTimeoutSeconds: 0.5,
      storeTimeoutSeconds: 0.25,
      onEvent() {},
      fetch,
      clock: createManualClock(),
    }
    const { issuer: _, ...others } = good
    const settings = checkOptions({ ...others, ...all })
    expect(settings).toMatchObject({
      issuer: 'http://127.0.0.1:3000/realm',
      secrets: all.encryptionSecret,
      authentication: { method: 'client_secret_post' },
      server: all.server,
      origin: 'https://app.example.com',
      routePrefix: '/a/b-c_~1.x',
      openid: false,
      session: 'server',
      cookieName: 'my_app-1',
      sameSite: 'Strict',
      policy: { refreshBeforeExpirySeconds: 3, reuse: { graceSeconds: 4 }, serveDuringRefresh: false },
      revokeOnLogout: false,
      postLogoutPath: '/bye',
      serverTimeoutMs: 500,
      storeTimeoutMs: 250,
    })
    expect(String(settings.authorizationParameters)).toBe(
      'prompt=consent&audience=of+the+server&scope=a+b&resource=https%3A%2F%2Fone.example&resource=urn%3Atwo',
    )
  })

  it.each([
    ['a public client', { clientSecret: undefined, clientAuthentication: 'none' }, { method: 'none' }],
  ])('%s', (_what, options, authentication) => {
    expect(check(options)).toMatchObject({ authentication })
  })

  it('a public client omits the client secret', () => {
    const { clientSecret: _, ...publicClient } = good
    expect(checkOptions(publicClient)).toMatchObject({ authentication: { method: 'none' } })
  })

  it('refuses every option that is present but undefined, and suggests a missing variable', () => {
    const options = { ...TOKEN_OPTIONS, ...SIGN_IN_OPTIONS, session: undefined }
    for (const name of Object.keys(options)) {
      const error = check({ [name]: undefined })
      expect(error).toMatchObject({ name: 'ConfigurationError', code: 'invalid_option' })
      expect(String(error)).toContain(`Option \`${name}\` is undefined.`)
      expect(String(error)).toContain('environment variable')
    }
  })

  it('S30: keeps the issuer byte for byte, and https unless it is on loopback', () => {
    expect(check({ issuer: 'https://LOGIN.example.com:443/a/../b' })).toMatchObject({
      issuer: 'https://LOGIN.example.com:443/a/../b',
    })
    for (const issuer of ['http://localhost:1', 'http://127.0.0.1', 'http://[::1]:8080']) {
      expect(check({ issuer })).toMatchObject({ issuer })
    }
    for (const issuer of [
      'http://login.example.com',
      'http://127.0.0.1.evil.example',
      'http://localhost.evil.example',
      'ftp://localhost',
    ]) {
      expectRefused('issuer', { issuer })
    }
  })

  it('S30: takes UserInfo at http only on the hosts that `insecureHosts` names', () => {
    const { issuer: _, ...rest } = good
    const options = (url: string, insecureHosts: string[]) => ({
      ...rest,
      insecureHosts,
      server: { issuer: 'https://login.example.com', userInfo: { url } },
    })
    for (const [url, hosts] of [
      ['http://keycloak/me', ['keycloak']],
      ['https://api.example.com/me', []],
      ['http://localhost:8080/me', []],
    ] as const)
      expect(checkOptions(options(url, [...hosts]))).toMatchObject({ server: { userInfo: { url } } })
    for (const url of ['http://keycloak/me', 'http://api.example.com/me', 'javascript:alert(1)', 'me'])
      expect(() => checkOptions(options(url, ['other']))).toThrow('server.userInfo.url')
  })

  it('refuses `afterRefresh` with claims that need the token response of the sign-in', () => {
    const { issuer: _, ...rest } = good
    const checked = (userInfo: UserInfoProfile) =>
      checkOptions({ ...rest, server: { issuer: 'https://login.example.com', userInfo } })
    const claims: UserInfoProfile['claims'] = ({ id }, { team }) => ({ sub: `${String(team)}:${String(id)}` })
    expect(() => checked({ afterRefresh: true, claims })).toThrow('server.userInfo.afterRefresh')
    expect(() => checked({ afterRefresh: true, claims: ({ id }) => ({ sub: String(id) }) })).not.toThrow()
    expect(() => checked({ claims })).not.toThrow()
  })

  it('S30: takes http only for the hosts that `insecureHosts` names', () => {
    const { issuer: _issuer, ...rest } = good
    const plain = {
      ...rest,
      baseUrl: 'http://app:3000',
      server: {
        issuer: 'http://keycloak:8080/realms/app',
        metadata: 'http://keycloak:8080/metadata',
        endpoints: { revocation_endpoint: 'http://keycloak:8080/revoke' },
        internalUrl: 'http://keycloak:8080',
        endSession: { url: 'http://keycloak:8080/logout' },
      },
    }
    expect(checkOptions({ ...plain, insecureHosts: ['keycloak', 'app'] })).toMatchObject({
      origin: 'http://app:3000',
    })
    for (const insecureHosts of [[], ['app'], ['keycloak'], ['app', 'cloak'], ['app', 'keycloak.']])
      expect(() => checkOptions({ ...plain, insecureHosts })).toThrow('`insecureHosts`')
    for (const insecureHosts of [
      'keycloak',
      null,
      [7],
      ['http://keycloak'],
      ['keycloak:8080'],
      ['Keycloak'],
      [''],
    ])
      expectRefused('insecureHosts', { insecureHosts })
  })

  it.each(['issuer', 'baseUrl'])('S30: takes no odd URL for %s', (option) => {
    const odd = [
      'login.example.com',
      '/relative',
      'javascript:alert(1)',
      'https://',
      'http://app.example.com',
    ]
    const holding = [
      'https://u:canary@app.example.com',
      'https://canary@app.example.com',
      'https://app.example.com?canary',
      'https://app.example.com#canary',
    ]
    for (const url of [
      ...odd,
      ...holding,
      ...NEITHER.filter((value) => value !== null),
      new URL('https://app.example.com'),
    ]) {
      expectRefused(option, { [option]: url })
    }
  })

  it('takes a metadata URL with a query, which selects the policy on some servers', () => {
    const metadata = 'https://login.example.com/metadata?p=sign_in'
    expect(checkServer({ metadata })).toMatchObject({ server: { metadata } })
  })

  it.each<[string, unknown[]]>([
    ['issuer', [undefined, null]],
    ['clientId', [undefined, ...NEITHER]],
    ['clientSecret', NEITHER],
    [
      'baseUrl',
      ['https://app.example.com/a%20b', 'https://app.example.com//', 'https://app.example.com/a//b'],
    ],
    [
      'routePrefix',
      [
        'auth',
        '',
        '//evil.example',
        '//',
        '/a;b',
        '/a?b',
        '/a b',
        '/a\\b',
        '/ä',
        '/../auth',
        '/a/./b',
        '/a/..',
        7,
        {},
      ],
    ],
    [
      'postLogoutPath',
      ['bye', '', '//evil.example', '/\\evil.example', 'https://evil.example', '/a\n', '/..//evil', null, 7],
    ],
    ['scope', ['', ' ', 'a  b', ' a', 'a"b', 'a\nb', 7, ['a'], {}]],
    [
      'resource',
      [
        '',
        '/api',
        'https://api.example.com/#x',
        ['https://ok.example', 'x y'],
        7,
        [7],
        new URL('https://api.example.com'),
        {},
      ],
    ],
    [
      'authorizationParameters',
      [null, 'prompt', 7, ['x', 1], { prompt: 1 }, { a: undefined }, { client_id: 'x' }, { scope: 'x' }],
    ],
    ['session', ['Cookie', 'memory', true, ...NEITHER]],
    ['sameSite', ['lax', 'None', true, ...NEITHER]],
    ['maxCookieBytes', [0, 4095, 16_385, 5000.5, Infinity, '7168', null]],
    ['cookieName', ['', ' ', 'a b', 'a=b', 'a;b', 'ä', 'a\n', '__Host-é', 'x'.repeat(65), 7, {}]],
    ['clientAuthentication', ['private_key_jwt', 'basic', '', 7, {}]],
    [
      'store',
      [
        null,
        7,
        'redis://canary@host',
        {},
        { ...store, read: undefined },
        { ...store, swap: 1 },
        { ...store, remove: null },
      ],
    ],
    ['fetch', ['https://canary', {}, null]],
    ['onEvent', ['canary', {}, null, [() => 0, 'canary'], [null]]],
    ['clock', [null, {}, () => 0, Date, { now: () => 0, elapsed: () => 0 }]],
    ['revokeOnLogout', ['no', 1, null]],
  ])('refuses an odd %s', (option, values) => {
    for (const value of values) expectRefused(option, { [option]: value })
  })

  it.each([
    'idleTimeoutSeconds',
    'absoluteTimeoutSeconds',
    'refreshBeforeExpirySeconds',
    'serverTimeoutSeconds',
    'storeTimeoutSeconds',
  ])('refuses an odd %s', (option) => {
    for (const value of [0, -0, -1, NaN, Infinity, '60', [60], {}, true])
      expectRefused(option, { [option]: value })
  })

  it('refuses a secret that is missing or short, in a list as well, and never shows it', () => {
    const short = 'canary'.padEnd(31, 'x')
    for (const encryptionSecret of [
      undefined,
      null,
      '',
      [],
      [undefined],
      [SECRET, undefined],
      7,
      {},
      true,
      new Uint8Array(32),
      short,
      [SECRET, short],
      [short, SECRET],
      [SECRET, ''],
      [{ canary: SECRET }],
    ]) {
      expectRefused('encryptionSecret', { encryptionSecret })
    }
    expect(check({ encryptionSecret: 'x'.repeat(32) })).toMatchObject({ secrets: ['x'.repeat(32)] })
  })

  it('refuses a client secret that does not go with how the client authenticates', () => {
    expectRefused('clientSecret', { clientAuthentication: 'none' })
    for (const clientAuthentication of ['client_secret_basic', 'client_secret_post']) {
      expectRefused('clientSecret', { clientAuthentication, clientSecret: undefined })
      expectRefused('clientSecret', { clientAuthentication, clientSecret: '' })
    }
  })

  it('names the option that is missing', () => {
    for (const name of ['clientId', 'encryptionSecret', 'store']) {
      const { [name]: _, ...rest } = good as unknown as Record<string, unknown>
      expect(() => checkOptions(rest as unknown as EngineOptions)).toThrow(`Option \`${name}\` is missing.`)
    }
    expect(() => checkOptions(undefined as never)).toThrow('missing')
  })

  it('names all options that are missing', () => {
    expect(() => checkOptions({} as EngineOptions)).toThrow(
      'Options `issuer`, `clientId`, `encryptionSecret`, `store` are missing.',
    )
  })

  it.each(['issuer', 'server'])('has no default for `%s`, if it is undefined', (name) => {
    const { issuer: _, ...rest } = good
    const messageOf = (options: object) => {
      try {
        return checkOptions({ ...rest, ...options } as EngineOptions)
      } catch (error) {
        return String(error)
      }
    }
    expect(messageOf({ [name]: undefined })).toContain(`Option \`${name}\` is undefined. It is required.`)
    expect(messageOf({ [name]: undefined })).not.toContain('default')
  })

  it.each([
    ['sesion', 'Unknown option `sesion`. Did you mean `session`?'],
    ['clientid', 'Unknown option `clientid`. Did you mean `clientId`?'],
    ['secret', 'Unknown option `secret`. Did you mean `clientSecret` or `encryptionSecret`?'],
    ['idleSeconds', 'Unknown option `idleSeconds`. Did you mean `idleTimeoutSeconds`?'],
    ['loginParameters', 'Unknown option `loginParameters`. Did you mean `forwardLoginParameters`?'],
    ['metadataUrl', 'Unknown option `metadataUrl`. Did you mean `server.metadata`?'],
    ['refreshTokenReuse', 'Unknown option `refreshTokenReuse`. Did you mean `server.refreshTokenReuse`?'],
    ['audience', 'Unknown option `audience`. Remove it, or check its spelling.'],
  ])('suggests the nearest option for %s', (name, message) => {
    expect(check({ [name]: 'canary' })).toMatchObject({ message })
  })

  it('names the remedy if the client secret and the authentication contradict each other', () => {
    const { clientSecret, ...rest } = good
    const messageOf = (options: object) => {
      try {
        return checkOptions({ ...rest, ...options })
      } catch (error) {
        return String(error)
      }
    }
    const rule = '`clientSecret` is only for `client_secret_basic` and `client_secret_post`.'
    expect(messageOf({ clientSecret, clientAuthentication: 'none' })).toContain(rule)
    expect(messageOf({ clientAuthentication: 'client_secret_post' })).toContain(`is missing. ${rule}`)
    for (const value of [clientSecretBasic('canary'), clientSecretPost('canary'), none()])
      expect(messageOf({ clientSecret, clientAuthentication: value })).toMatch(
        /`clientSecret` has no effect with this `clientAuthentication`\. Remove it\./,
      )
  })

  it('takes a value or a function as client authentication, and shows neither', () => {
    const { clientSecret: _, ...rest } = good
    const value = clientSecretPost('canary')
    const { authentication } = checkOptions({ ...rest, clientAuthentication: value })
    expect(authentication).toBe(value)
    expect(Object.isFrozen(value)).toBe(true)
    expect(JSON.stringify(value)).toBe('{"method":"client_secret_post"}')
    expect(inspect(value, { depth: null, showHidden: true })).not.toContain('canary')
    const clientSecret = () => 'canary'
    expect(check({ clientSecret })).toMatchObject({ authentication: { method: 'client_secret_basic' } })
    const posted = check({ clientSecret, clientAuthentication: 'client_secret_post' })
    expect(posted).toMatchObject({ authentication: { method: 'client_secret_post' } })
  })

  it.each(['Issuer', 'client_id', 'secrets', 'toString', 'constructor', '__proto__x', ''])(
    'refuses the unknown option "%s"',
    (name) => {
      expectRefused(name, { [name]: 'canary' })
    },
  )

  it('refuses to do without a store, which only applications may leave out', () => {
    expectRefused('store', { store: undefined })
  })

  it('refuses a store that is eventually consistent, and names an alternative', () => {
    const error = check({ store: { ...store, consistency: 'eventual' } })
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(String(error)).toMatch(/`store`.*eventually consistent.*Durable Object/)
    expect(check({ store: { ...store, consistency: 'strong' } })).toHaveProperty('session')
    expect(check({ store: { ...store, consistency: undefined } })).toHaveProperty('session')
  })
})

describe('the option server', () => {
  it('is short with `issuer`, so one of them must be there, and only one', () => {
    const { issuer, ...rest } = good
    expect(checkOptions({ ...rest, server: { issuer } })).toEqual(checkOptions(good))
    expectRefused('issuer', { server: { issuer } })
    expect(() => checkOptions(rest as EngineOptions)).toThrow('`issuer` is missing')
    expect(() => checkOptions({ ...rest, server: {} as never })).toThrow('`server.issuer` is missing')
  })

  it('takes the metadata itself', () => {
    const metadata = {
      authorization_endpoint: 'https://login.example.com/authorize?policy=1',
      token_endpoint: 'https://login.example.com/token',
    }
    expect(checkServer({ metadata })).toMatchObject({ server: { metadata } })
  })

  it('needs an authorization endpoint in the metadata only for a sign-in', () => {
    const metadata = { token_endpoint: 'https://login.example.com/token' }
    const server = { issuer: good.issuer, metadata }
    expect(checkServer({ metadata })).toMatchObject({
      code: 'invalid_option',
      message: expect.stringContaining('must have an `authorization_endpoint`, because users sign in there'),
    })
    const endpoints = { authorization_endpoint: 'https://login.example.com/authorize' }
    expect(checkServer({ metadata, endpoints })).toMatchObject({ server: { endpoints } })
    const { issuer: _issuer, ...rest } = good
    expect(checkTokenOptions({ ...rest, server })).toMatchObject({ server: { metadata } })
    const wrong = { ...metadata, authorization_endpoint: 'http://login.example.com/authorize' }
    expect(() => checkTokenOptions({ ...rest, server: { ...server, metadata: wrong } })).toThrow(
      'must have an `authorization_endpoint` on https',
    )
  })

  it('completes the description of the sign-out', () => {
    expect(checkServer({ endSession: { url: 'https://login.example.com/logout?a=1' } })).toMatchObject({
      server: {
        endSession: {
          url: 'https://login.example.com/logout?a=1',
          parameters: {},
          postLogoutParameter: 'post_logout_redirect_uri',
          idTokenHint: true,
        },
      },
    })
  })

  it.each<[string, unknown[]]>([
    [
      'issuer',
      [...NEITHER, 'login.example.com', 'https://login.example.com/.well-known/openid-configuration'],
    ],
    [
      'metadata',
      [
        null,
        7,
        '',
        [],
        {},
        'http://login.example.com/metadata',
        'https://canary@login.example.com/metadata',
        'https://login.example.com/metadata#canary',
        { token_endpoint: 'https://login.example.com/token' },
        { token_endpoint: '/token', authorization_endpoint: 'https://login.example.com/authorize' },
        { token_endpoint: 'http://login.example.com', authorization_endpoint: 'https://login.example.com' },
      ],
    ],
    [
      'refreshTokenReuse',
      [
        'Strict',
        '',
        30,
        {},
        [],
        { graceSeconds: 0 },
        { graceSeconds: -1 },
        { graceSeconds: NaN },
        { graceSeconds: Infinity },
        { graceSeconds: '5' },
        { graceSeconds: null },
      ],
    ],
    ['refreshEndsAccessToken', ['false', 0, null, 'canary']],
    [
      'endpoints',
      [
        null,
        7,
        [],
        { issuer: 'https://canary.example' },
        { revocation_endpoint: 'http://login.example.com/canary' },
        { jwks_uri: 'javascript:canary' },
        { end_session_endpoint: undefined },
      ],
    ],
    ['issuerInMetadata', ['Any', true, null, 'canary']],
    ['tenants', ['canary', [''], ['{tenantid}'], ['a/b'], [null]]],
    ['internalUrl', [null, 7, '', '/canary', 'https://login.example.com?canary']],
    [
      'endSession',
      [
        null,
        7,
        { url: 'http://login.example.com/canary' },
        { parameters: { returnTo: 7 } },
        { postLogoutParameter: '' },
        { idTokenHint: 'canary' },
        { ur: 'https://login.example.com/canary' },
      ],
    ],
    ['basicCredentials', ['Plain', false, null, 'canary']],
    ['defaultScope', [' ', 'a  b', 7]],
    ['authorizationParameters', [null, 'prompt', { prompt: 1 }, { scope: 'x' }]],
    ['idTokenSigningAlgorithm', ['none', 'HS512', 'es256', '', 1, null, Symbol('canary')]],
    ['nonce', ['false', 0, null, 'canary']],
    ['clockToleranceSeconds', [-1, 301, NaN, Infinity, '30', null]],
    ['isuer', [1]],
  ])('refuses an odd %s', (option, values) => {
    for (const value of values) {
      const error = checkServer({ [option]: value })
      expect(error).toMatchObject({
        code: 'invalid_option',
        message: expect.stringContaining(`server.${option}`),
      })
      expect(inspect(error)).not.toContain('canary')
    }
    expect(checkServer({ [option]: undefined })).toMatchObject({ code: 'invalid_option' })
  })

  it.each(['code', 'redirect_uri', 'code_verifier', 'client_id'])(
    'refuses `%s` as a further parameter of the request with the code',
    (name) => {
      const codeParameters = { expiring: '1', [name]: 'canary' }
      const error = checkServer({ tokenRequest: customTokenRequest({ codeParameters }) })
      expect(error).toMatchObject({
        code: 'invalid_option',
        message: expect.stringContaining('`server.tokenRequest.codeParameters`'),
      })
      expect(inspect(error)).not.toContain('canary')
    },
  )

  it.each(['grant_type', 'client_id', 'client_secret', 'client_assertion', 'scope'])(
    'refuses `%s` as the name of the parameter with a token',
    (name) => {
      const revocation = { url: 'https://login.example.com/revoke' }
      for (const [server, path] of [
        [
          { tokenRequest: customTokenRequest({ refreshTokenParameter: name }) },
          'tokenRequest.refreshTokenParameter',
        ],
        [{ revocation: customRevocation({ ...revocation, parameter: name }) }, 'revocation.parameter'],
        [{ revocation: customRevocation({ ...revocation, token: name }) }, 'revocation.token'],
      ] as const)
        expect(checkServer(server)).toMatchObject({
          code: 'invalid_option',
          message: expect.stringMatching(`server.${path}.*must not be the name of another parameter`),
        })
      expect(
        checkServer({ revocation: customRevocation({ ...revocation, token: name, parameter: 'value' }) }),
      ).toHaveProperty('server')
    },
  )

  it.each(['id_token_hint', 'client_id', 'state'])('refuses `%s` as `postLogoutParameter`', (name) => {
    expect(checkServer({ endSession: { postLogoutParameter: name } })).toMatchObject({
      code: 'invalid_option',
      message: expect.stringContaining('`server.endSession.postLogoutParameter` must not be'),
    })
  })

  it.each([
    ['tokenRequest', { format: 'json' }],
    ['tokenRequest', customRevocation({ url: 'https://login.example.com/revoke' })],
    ['revocation', { url: 'https://login.example.com/revoke' }],
    ['revocation', customTokenRequest({ format: 'json' })],
    // A changed copy does not have the functions for the change.
    ['tokenRequest', { ...customTokenRequest({ format: 'form' }), format: 'json' }],
  ] as const)('refuses another object as %s', (option, value) => {
    const name = option === 'revocation' ? 'customRevocation' : 'customTokenRequest'
    expect(checkServer({ [option]: value })).toMatchObject({
      code: 'invalid_option',
      message: `Option \`server.${option}\` must be \`${name}()\` of \`@evertoken/core/requests\`.`,
    })
  })

  it.each([
    ['tokenRequest', customTokenRequest({ refreshUrl: 'http://login.example.com/canary' })],
    ['tokenRequest.format', customTokenRequest({ format: 'canary' } as never)],
    ['revocation.url', customRevocation({} as never)],
    ['revocation.url', customRevocation({ url: 'http://login.example.com/canary' })],
    ['revocation.formt', customRevocation({ url: 'https://login.example.com/revoke', formt: 1 } as never)],
  ])('checks the members of %s', (name, value) => {
    const [option = ''] = name.split('.')
    const error = checkServer({ [option]: value })
    expect(error).toMatchObject({ message: expect.stringContaining(`\`server.${name}`) })
    expect(inspect(error)).not.toContain('canary')
  })

  it('refuses a revocation for which a bound token would need a proof', () => {
    const { issuer, ...rest } = good
    const checkBound = (members: object, senderConstraint = dpop()) => {
      const revocation = customRevocation({ url: 'https://login.example.com/revoke', ...members })
      return checkOptions({ ...rest, senderConstraint, server: { issuer, revocation } })
    }
    for (const members of [{ token: 'access_token' }, { authentication: 'bearer' }]) {
      expect(() => checkBound(members)).toThrow('`server.revocation`')
      expect(() => checkBound(members, certificateBound())).not.toThrow()
    }
    for (const members of [{}, { token: 'refresh_token', format: 'json' }])
      expect(() => checkBound(members)).not.toThrow()
  })

  it.each(NEITHER)('refuses %j', (server) => {
    const { issuer: _, ...rest } = good
    expect(() => checkOptions({ ...rest, server } as never)).toThrow('`server')
  })
})

it('S14: checkTokenParameters refuses what no token can be asked for with', () => {
  expect(() => checkTokenParameters({ scope: 'a b', resource: 'https://api.example.com' })).not.toThrow()
  const odd = { scope: 1, resource: [7], parameters: null }
  for (const request of [
    { scope: 'a  b' },
    { resource: '/api' },
    { parameters: { refresh_token: 'x' } },
    ...Object.entries(odd).map(([name, value]) => ({ [name]: value })),
  ]) {
    expect(() => checkTokenParameters(request as TokenParameters)).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', code: 'invalid_option' }),
    )
  }
})
