import { readdirSync, readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { UserInfoProfile } from '../../src/mechanisms/protocol/user-info.ts'
import { isSameRegistration } from '../../src/rules/registrations/reuse.ts'
import { checkServer } from '../../src/surface/server-profile-checks.ts'
import { checkSignInProfile } from '../../src/surface/sign-in-profile-checks.ts'
import type { ServerProfile } from '../../src/surface/server-profile.ts'
import * as providers from '../../src/providers.ts'

const createPresets = (): readonly ServerProfile[] => [
  providers.airtable(),
  providers.amazon(),
  providers.asana(),
  providers.atlassian(),
  providers.bitbucket(),
  providers.box(),
  providers.dropbox(),
  providers.ebay({ ruName: 'Shop-ShopApp-PRD-abc' }),
  providers.figma(),
  providers.hubspot(),
  providers.linear(),
  providers.meta(),
  providers.notion(),
  providers.quickbooks(),
  providers.reddit(),
  providers.shopify({ shop: 'my-shop' }),
  providers.strava(),
  providers.stripeConnect(),
  providers.x(),
  providers.xero(),
  providers.zoho(),
  providers.zoom(),
  providers.apple(),
  providers.auth0({ domain: 'shop.eu.auth0.com' }),
  providers.auth0({ domain: 'shop.eu.auth0.com', graceSeconds: 30 }),
  providers.authentik({ url: 'https://login.example.com', application: 'shop' }),
  providers.azureB2c({ name: 'shop', policy: 'B2C_1_sign_in' }),
  providers.cognito({ region: 'eu-west-1', userPoolId: 'pool', domain: 'login.example.com' }),
  providers.discord(),
  providers.duende({ url: 'https://login.example.com' }),
  providers.entra({ tenant: 'tenant' }),
  providers.entraExternalId({ name: 'shop', tenant: 'tenant' }),
  providers.entraMultiTenant({ tenants: ['tenant'] }),
  providers.githubApp(),
  providers.githubOAuthApp({ host: 'github.example.com' }),
  providers.gitlab(),
  providers.google({ includeGrantedScopes: true }),
  providers.hydra({ url: 'https://login.example.com/', graceSeconds: 60 }),
  providers.keycloak({ url: 'https://login.example.com', realm: 'shop' }),
  providers.line(),
  providers.linkedin(),
  providers.logto({ url: 'https://shop.logto.app' }),
  providers.okta({ domain: 'shop.okta.com' }),
  providers.okta({ domain: 'shop.okta.com', authorizationServer: 'default', graceSeconds: 30 }),
  providers.plainOAuth2({
    issuer: 'https://login.example.com',
    metadata: { token_endpoint: 'https://login.example.com/token' },
    scope: 'orders',
  }),
  providers.salesforce({ domain: 'shop.my.salesforce.com', sessionSeconds: 7200 }),
  providers.slack({ tokens: 'bot' }),
  providers.slack({ tokens: 'user' }),
  providers.spotify(),
  providers.twitch(),
  providers.zitadel({ url: 'https://shop.zitadel.cloud' }),
]
const PRESETS = createPresets()

describe('presets of providers', () => {
  it.each(PRESETS.map((preset) => [preset.issuer, preset] as const))('passes the checks: %s', (_, preset) => {
    expect(checkServer({ server: preset, issuer: undefined, insecureHosts: [] }).issuer).toBe(preset.issuer)
  })

  it.each(PRESETS.map((preset) => [preset.issuer, preset] as const))(
    'is a plain object that can be spread: %s',
    (_, preset) => {
      expect(Object.getPrototypeOf(preset)).toBe(Object.prototype)
      const changed = { ...preset, refreshTokenReuse: 'strict' as const }
      expect(checkServer({ server: changed, issuer: undefined, insecureHosts: [] }).refreshTokenReuse).toBe(
        'strict',
      )
    },
  )

  it('returns a new object at each call, so that a change does not affect others', () => {
    expect(providers.google()).not.toBe(providers.google())
    expect(providers.google()).toEqual(providers.google())
  })

  it.each(createPresets().map((preset, i) => [preset.issuer, preset, i] as const))(
    'is the same registration at each call: %s',
    (_, preset, i) => {
      expect(isSameRegistration(preset, PRESETS[i] ?? {}, [])).toBe(true)
    },
  )

  it('assumes no grace period that the application did not name', () => {
    expect(providers.auth0({ domain: 'shop.eu.auth0.com' })).not.toHaveProperty('refreshTokenReuse')
    expect(providers.okta({ domain: 'shop.okta.com', graceSeconds: 30 }).refreshTokenReuse).toEqual({
      graceSeconds: 30,
    })
  })

  it('reads the tokens of the user at Slack from the member of the first response', () => {
    const { readTokenResponse } = providers.slack({ tokens: 'user' }).dialect ?? {}
    const user = { access_token: 'xoxp', token_type: 'user', refresh_token: 'xoxe' }
    expect(readTokenResponse?.({ ok: true, authed_user: { id: 'U1', ...user } })).toMatchObject(user)
    expect(readTokenResponse?.({ ok: true, ...user })).toMatchObject(user)
    expect(readTokenResponse?.({ ok: false, error: 'invalid_refresh_token' })).toMatchObject({
      error: 'invalid_refresh_token',
    })
  })

  it('identifies the user at Slack after a refresh only with the token of the user', () => {
    const afterRefresh = (tokens: 'bot' | 'user') => {
      const { userInfo, ...server } = providers.slack({ tokens })
      const options = { ...server, userInfo: { ...Object(userInfo), afterRefresh: true } }
      const checked = checkServer({ server: options, issuer: undefined, insecureHosts: [] })
      return checkSignInProfile(checked, [])
    }
    expect(() => afterRefresh('bot')).toThrow('server.userInfo.afterRefresh')
    const { userInfo } = afterRefresh('user')
    const { claims } = userInfo as UserInfoProfile
    expect(claims?.({ team_id: 'T1', user_id: 'U1', user: 'kim' }, {})).toEqual({ sub: 'T1:U1', name: 'kim' })
    expect(claims?.({ ok: false }, {})).toEqual({})
  })

  it('exports the presets of all files', () => {
    const folder = new URL('../../src/providers/', import.meta.url)
    const shared = ['entra-facts.ts', 'host.ts', 'members.ts']
    const files = readdirSync(folder).filter((name) => !shared.includes(name))
    // Entra has three presets and GitHub two.
    expect(Object.keys(providers)).toHaveLength(files.length + 3)
  })
})

it.each(['providers', 'provider-settings'])('is in the documentation: %s', (page) => {
  const text = readFileSync(new URL(`../../../../docs/reference/${page}.md`, import.meta.url), 'utf8')
  const missing = Object.keys(providers).filter((name) => !text.includes(`\`${name}()\``))
  // The caller of the general preset decides about its settings.
  expect(missing).toEqual(page === 'providers' ? [] : ['plainOAuth2'])
})

it('identifies no user in a response without one', () => {
  for (const { issuer, userInfo } of PRESETS) {
    // The name of a shop is part of its profile.
    if (typeof userInfo !== 'object' || issuer.endsWith('.myshopify.com')) continue
    expect(userInfo.claims?.({ ok: false, error: 'invalid_auth' }, {})?.sub).toBeUndefined()
  }
})

describe('a host of a customer', () => {
  const hosts: Readonly<Record<string, readonly [domain: string, preset: (host: string) => unknown]>> = {
    shopify: ['.myshopify.com', (shop) => providers.shopify({ shop })],
    salesforce: ['.salesforce.com', (domain) => providers.salesforce({ domain })],
    zoho: ['', (domain) => providers.zoho({ domain })],
    azureB2c: ['.b2clogin.com', (name) => providers.azureB2c({ name, policy: 'B2C_1_sign_in' })],
    cognito: [
      '.amazonaws.com',
      (region) => providers.cognito({ region, userPoolId: 'pool', domain: 'a.example' }),
    ],
    entraExternalId: ['.ciamlogin.com', (tenant) => providers.entraExternalId({ name: 'shop', tenant })],
  }
  const hostile = [
    'evil.example/',
    'evil.example#',
    'evil.example?',
    'evil.example\\',
    'user@evil.example',
    'evil.example:443/',
    'a/../b',
    'zoho.example',
    'zoho.com.evil.example',
    'zoho_com',
    'login.salesforce.com.evil.example',
    'evil-salesforce.com',
    'my-shop\n',
    'ｍy-shop',
    '',
    ' my-shop',
  ]

  it.each(Object.entries(hosts))('is refused with a typed error at %s', (_, [, preset]) => {
    for (const host of hostile)
      expect(() => preset(host), host).toThrow(
        expect.objectContaining({ name: 'ConfigurationError', code: 'invalid_option' }),
      )
  })

  it.each(Object.entries(hosts))('never leads to another domain at %s', (name, [suffix, preset]) => {
    const zoho = /^accounts\.(?:zoho\.(?:com|eu|in|jp|sa|uk|com\.au|com\.cn)|zohocloud\.ca)$/
    const parts = fc.array(
      fc.constantFrom('evil.example', '.', '/', '@', '#', '?', ':', 'zoho', 'com', 'a', suffix),
    )
    fc.assert(
      fc.property(
        fc.oneof(
          parts.map((each) => each.join('')),
          fc.string(),
        ),
        (host) => {
          let profile: { readonly issuer: string; readonly metadata?: unknown }
          try {
            profile = preset(host) as typeof profile
          } catch (error) {
            expect(error).toMatchObject({ code: 'invalid_option' })
            return
          }
          const { hostname, port, username, pathname } = new URL(profile.issuer)
          if (name === 'zoho') expect(hostname).toMatch(zoho)
          else expect(hostname.endsWith(suffix)).toBe(true)
          expect([port, username]).toEqual(['', ''])
          expect(pathname.includes('evil')).toBe(false)
        },
      ),
    )
  })

  it('accepts the hosts that each provider has', () => {
    for (const shop of ['My-Shop', '-'])
      expect(() => providers.shopify({ shop })).toThrow('The host must match')
    expect(providers.salesforce({ domain: 'shop--test.sandbox.my.salesforce.com' }).issuer).toBe(
      'https://shop--test.sandbox.my.salesforce.com',
    )
    expect(providers.zoho({ domain: 'zohocloud.ca' }).issuer).toBe('https://accounts.zohocloud.ca')
    expect(providers.shopify({ shop: 'my-shop-1' }).issuer).toBe('https://my-shop-1.myshopify.com')
  })
})
