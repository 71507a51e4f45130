import { describe, expect, it } from 'vitest'
import { jar, jarm, par } from '../../src/authorization.ts'
import { clientSecretBasic } from '../../src/credentials.ts'
import { createMemoryStore } from '../../src/mechanisms/stores/memory-store.ts'
import { checkAll } from '../../src/surface/checks.ts'
import { checkOptions } from '../../src/surface/options.ts'
import {
  derivedFrom,
  SIGN_IN_OPTIONS,
  type SignInOptions,
  type SignInValues,
} from '../../src/surface/sign-in-options.ts'
import { checkServer } from '../../src/surface/server-profile-checks.ts'
import { checkSignInProfile } from '../../src/surface/sign-in-profile-checks.ts'
import { ConfigurationError } from '../../src/vocabulary/index.ts'

const store = createMemoryStore()
const { index: _index, ...withoutIndex } = store
const needed = { issuer: 'https://login.example.com', clientId: 'web', encryptionSecret: 'x'.repeat(32) }

function checkSignInOptions(options: SignInOptions) {
  const values = checkAll<SignInValues>(SIGN_IN_OPTIONS, options)
  const server = checkSignInProfile(checkServer({ issuer: needed.issuer, insecureHosts: [] }), [])
  return { ...values, ...derivedFrom(values, server) }
}

describe('checkSignInOptions', () => {
  it('has a default for everything, and everything off', () => {
    expect(checkSignInOptions({})).toEqual({
      routePrefix: '/auth',
      openid: true,
      isDefaultScope: true,
      scope: undefined,
      resource: [],
      authorizationParameters: new URLSearchParams({ scope: 'openid offline_access' }),
      revokeOnLogout: true,
      postLogoutPath: '/',
      forwardLoginParameters: [],
      responseMode: 'query',
      signedResponse: 'query',
      anonymousUserStatus: 401,
      backChannelLogout: false,
      frontChannelLogout: false,
      diagnostics: false,
    })
    expect(checkOptions({ ...needed, store: withoutIndex })).toMatchObject({ backChannelLogout: false })
  })

  it('takes every option there is', () => {
    const all: Omit<Required<SignInOptions>, 'scope' | 'resource' | 'authorizationParameters'> = {
      routePrefix: '/sign',
      revokeOnLogout: 'all',
      postLogoutPath: '/bye',
      forwardLoginParameters: ['kc_idp_hint', 'ui.hint-1'],
      responseMode: 'form_post',
      authorizationRequest: par(),
      authorizationDetails: [{ type: 'payment_initiation' }],
      signInErrorPath: '/oops',
      onSignIn: () => undefined,
      onRefreshed: () => undefined,
      anonymousUserStatus: 200,
      backChannelLogout: 'all',
      frontChannelLogout: true,
      diagnostics: true,
    }
    expect(checkSignInOptions(all)).toMatchObject(all)
  })

  it('takes signed responses, and nothing else in place of its modes', () => {
    for (const mode of ['query.jwt', 'form_post.jwt'] as const)
      expect(checkSignInOptions({ responseMode: jarm(mode) })).toMatchObject({ responseMode: mode })
    const key = { sign: async () => new Uint8Array(), algorithm: 'PS256' } as const
    for (const value of [par(), jar(key), par(jar(key))])
      expect(checkSignInOptions({ authorizationRequest: value })).toMatchObject({
        authorizationRequest: value,
      })
    const wrong = ['query.jwt', 'par', par, { mode: 'par' }, clientSecretBasic('secret'), null, {}, 7]
    for (const value of [...wrong, jarm()])
      expect(() => checkSignInOptions({ authorizationRequest: value as never })).toThrow(/`par\(\)`/)
    for (const value of [...wrong, par()])
      expect(() => checkSignInOptions({ responseMode: value as never })).toThrow(/`jarm\(\)`/)
    expect(() => par(jarm() as never)).toThrow(ConfigurationError)
    expect(() => par(par())).toThrow(ConfigurationError)
    expect(() => par({} as never)).toThrow(ConfigurationError)
    expect(() => jarm('jwt' as never)).toThrow(ConfigurationError)
    for (const algorithm of ['none', 'HS512', 'es256', ''])
      expect(() => jarm('query.jwt', { algorithm })).toThrow(ConfigurationError)
    expect(() => jar({ sign: 7 } as never)).toThrow(ConfigurationError)
    expect(JSON.stringify([par(jar(key)), jarm()])).toBe('[{"mode":"par+jar"},{"mode":"query.jwt"}]')
  })

  it('S12: needs an index to sign users out', () => {
    for (const backChannelLogout of [true, 'all'] as const) {
      expect(() => checkOptions({ ...needed, store: withoutIndex, backChannelLogout })).toThrow(/index/)
      expect(() => checkOptions({ ...needed, store, backChannelLogout })).not.toThrow()
    }
  })

  it.each<[string, unknown[]]>([
    [
      'forwardLoginParameters',
      [
        null,
        'kc_idp_hint',
        {},
        [7],
        [''],
        ['a b'],
        ['a&b'],
        ['state'],
        ['nonce'],
        ['redirect_uri'],
        ['response_mode'],
        ['response_type'],
        ['client_id'],
        ['code_challenge'],
        ['request'],
        ['request_uri'],
        ['resource'],
        ['returnTo'],
      ],
    ],
    ['responseMode', [null, 'fragment', 'form_post.jwt', true]],
    ['signInErrorPath', [null, '', 'oops', '//evil.example', '/\\evil', 'https://evil.example', '/a?b', 7]],
    ['onSignIn', [null, true, 'x', {}]],
    ['onRefreshed', [null, true, 'x', {}]],
    ['anonymousUserStatus', [null, '200', 204, true]],
    ['backChannelLogout', [null, 'true', 'every', 1]],
    ['frontChannelLogout', [null, 'true', 1, 'all']],
    ['diagnostics', [null, 'true', 1, 'development']],
  ])('refuses an odd %s', (option, values) => {
    for (const value of values) {
      const check = () => checkSignInOptions({ [option]: value })
      expect(check).toThrow(ConfigurationError)
      expect(check).toThrow(`\`${option}\``)
    }
  })
})
