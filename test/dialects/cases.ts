import type { ServerProfile } from '@evertoken/core'
import * as providers from '@evertoken/core/providers'
import type { Dialect, DialectRefusal } from '@evertoken/testkit'
import type { EvertokenOptions } from '@evertoken/node'
import * as accounts from './accounts.ts'
import * as dialects from './dialects.ts'
import * as furtherAccounts from './further-accounts.ts'

/** A preset, the server that it is for, and what the life of a grant shows there. */
export interface Case {
  readonly name: string
  readonly preset: ServerProfile
  readonly dialect: Dialect
  /** Options that an application needs in addition to the preset. */
  readonly options?: Pick<EvertokenOptions, 'scope' | 'authorizationParameters'>
  /** The `sub` of the session. */
  readonly sub?: string
  /** The response of the server if the user must act. */
  readonly interaction?: DialectRefusal
  /** Whether a session whose refresh token is dead is kept until the user signs in, because the response can mean something else. */
  readonly isKept?: boolean
}

const TENANT = '8f4bd0e5-0000-4000-8000-3f2504e04f89'
const consentRequired: DialectRefusal = {
  status: 400,
  body: { error: 'invalid_grant', suberror: 'consent_required', error_description: 'AADSTS65001' },
}

export const CASES: readonly Case[] = [
  {
    name: 'auth0',
    preset: providers.auth0({ domain: 'shop.eu.auth0.com', graceSeconds: 30 }),
    dialect: dialects.auth0,
  },
  {
    name: 'okta',
    preset: providers.okta({
      domain: 'shop.okta.com',
      authorizationServer: 'default',
      graceSeconds: 30,
    }),
    dialect: dialects.okta,
  },
  {
    name: 'entra',
    preset: providers.entra({ tenant: TENANT }),
    dialect: dialects.entra,
    interaction: consentRequired,
  },
  {
    name: 'entra-multi-tenant',
    preset: providers.entraMultiTenant({ tenants: [TENANT] }),
    dialect: dialects.entraMultiTenant,
    interaction: { status: 400, body: { error: 'interaction_required' } },
  },
  {
    name: 'entra-external-id',
    preset: providers.entraExternalId({ name: 'shop', tenant: TENANT }),
    dialect: dialects.entraExternalId,
  },
  {
    name: 'azure-b2c',
    preset: providers.azureB2c({ name: 'shop', policy: 'B2C_1_sign_in' }),
    dialect: dialects.azureB2c,
    options: { scope: 'openid offline_access web' },
  },
  {
    name: 'google',
    preset: providers.google(),
    dialect: dialects.google,
    interaction: { status: 400, body: { error: 'invalid_grant', error_subtype: 'invalid_rapt' } },
  },
  {
    name: 'cognito',
    preset: providers.cognito({
      region: 'eu-west-1',
      userPoolId: 'eu-west-1_aBcDeFgHi',
      domain: 'shop.auth.eu-west-1.amazoncognito.com',
    }),
    dialect: dialects.cognito,
  },
  {
    name: 'keycloak',
    preset: providers.keycloak({ url: 'https://login.example.com', realm: 'shop' }),
    dialect: dialects.keycloak,
  },
  {
    name: 'duende',
    preset: providers.duende({ url: 'https://login.example.com', reuse: 'tolerant' }),
    dialect: dialects.duende,
  },
  {
    name: 'hydra',
    preset: providers.hydra({ url: 'https://login.example.com/' }),
    dialect: dialects.hydra,
  },
  {
    name: 'zitadel',
    preset: providers.zitadel({ url: 'https://shop.zitadel.cloud' }),
    dialect: dialects.zitadel,
  },
  {
    name: 'authentik',
    preset: providers.authentik({ url: 'https://login.example.com', application: 'shop' }),
    dialect: dialects.authentik,
  },
  { name: 'logto', preset: providers.logto({ url: 'https://shop.logto.app' }), dialect: dialects.logto },
  {
    name: 'apple',
    preset: providers.apple(),
    dialect: dialects.apple,
    interaction: { status: 400, body: { error: 'invalid_request' } },
  },
  { name: 'github-app', preset: providers.githubApp(), dialect: dialects.githubApp },
  { name: 'github-oauth-app', preset: providers.githubOAuthApp(), dialect: dialects.githubOAuthApp },
  { name: 'gitlab', preset: providers.gitlab(), dialect: dialects.gitlab },
  {
    name: 'slack-bot',
    preset: providers.slack({ tokens: 'bot' }),
    dialect: dialects.slackBot,
    options: { scope: 'users:read chat:write' },
    sub: 'T1:user-1',
  },
  {
    name: 'slack-user',
    preset: providers.slack({ tokens: 'user' }),
    dialect: dialects.slackUser,
    options: { authorizationParameters: { user_scope: 'users:read' } },
    sub: 'T1:user-1',
  },
  {
    name: 'salesforce',
    preset: providers.salesforce(),
    dialect: dialects.salesforce,
    interaction: { status: 400, body: { error: 'inactive_user' } },
  },
  { name: 'line', preset: providers.line(), dialect: dialects.line },
  { name: 'linkedin', preset: providers.linkedin(), dialect: dialects.linkedin },
  { name: 'twitch', preset: providers.twitch(), dialect: dialects.twitch },
  { name: 'discord', preset: providers.discord(), dialect: dialects.discord },
  { name: 'spotify', preset: providers.spotify(), dialect: dialects.spotify },
  {
    name: 'plain-oauth2',
    preset: providers.plainOAuth2({
      issuer: 'https://login.example.com',
      metadata: {
        authorization_endpoint: 'https://login.example.com/oauth/authorize',
        token_endpoint: 'https://login.example.com/oauth/token',
        revocation_endpoint: 'https://login.example.com/oauth/revoke',
      },
      scope: 'orders',
      userInfo: { url: 'https://login.example.com/me', claims: ({ id }) => ({ sub: String(id) }) },
    }),
    dialect: dialects.plainOAuth2,
  },
  {
    name: 'microsoft-graph',
    preset: providers.entra({ tenant: TENANT }),
    dialect: dialects.entra,
    options: { scope: 'openid offline_access Calendars.Read' },
  },
  { name: 'notion', preset: providers.notion(), dialect: accounts.notion },
  { name: 'linear', preset: providers.linear(), dialect: accounts.linear },
  { name: 'atlassian', preset: providers.atlassian(), dialect: accounts.atlassian },
  { name: 'hubspot', preset: providers.hubspot(), dialect: accounts.hubspot, sub: '62515:123' },
  { name: 'dropbox', preset: providers.dropbox(), dialect: accounts.dropbox, sub: 'dbid:user-1' },
  { name: 'strava', preset: providers.strava(), dialect: accounts.strava, sub: '227615' },
  {
    name: 'shopify',
    preset: providers.shopify({ shop: 'my-shop' }),
    dialect: accounts.shopify,
    sub: 'my-shop.myshopify.com',
  },
  { name: 'zoom', preset: providers.zoom(), dialect: accounts.zoom },
  { name: 'zoho', preset: providers.zoho({ domain: 'zoho.eu' }), dialect: accounts.zoho, sub: '227615' },
  { name: 'xero', preset: providers.xero(), dialect: accounts.xero },
  { name: 'quickbooks', preset: providers.quickbooks(), dialect: accounts.quickbooks },
  { name: 'asana', preset: providers.asana(), dialect: accounts.asana, sub: '7' },
  { name: 'box', preset: providers.box(), dialect: accounts.box },
  { name: 'figma', preset: providers.figma(), dialect: accounts.figma },
  { name: 'airtable', preset: providers.airtable(), dialect: furtherAccounts.airtable },
  { name: 'x', preset: providers.x(), dialect: furtherAccounts.x, isKept: true },
  { name: 'reddit', preset: providers.reddit(), dialect: furtherAccounts.reddit },
  { name: 'amazon', preset: providers.amazon(), dialect: furtherAccounts.amazon },
  {
    name: 'ebay',
    preset: providers.ebay({ ruName: 'Shop-ShopApp-PRD-abc' }),
    dialect: furtherAccounts.ebay,
  },
  { name: 'meta', preset: providers.meta(), dialect: furtherAccounts.meta },
  { name: 'bitbucket', preset: providers.bitbucket(), dialect: furtherAccounts.bitbucket },
  {
    name: 'stripe-connect',
    preset: providers.stripeConnect(),
    dialect: furtherAccounts.stripeConnect,
    sub: 'acct_1',
  },
]
