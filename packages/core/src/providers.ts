/**
 * Server profiles of known providers, for the option `server`. Each is a plain object, which you can print and spread.
 *
 * The comments in each file name the source of each fact: the documentation or the source code of the provider or of its SDKs,
 * a third-party text, or memory.
 *
 * @module
 */
export { airtable } from './providers/airtable.ts'
export { amazon } from './providers/amazon.ts'
export { apple } from './providers/apple.ts'
export { asana } from './providers/asana.ts'
export { atlassian } from './providers/atlassian.ts'
export { auth0 } from './providers/auth0.ts'
export { authentik } from './providers/authentik.ts'
export { azureB2c } from './providers/azure-b2c.ts'
export { bitbucket } from './providers/bitbucket.ts'
export { box } from './providers/box.ts'
export { cognito } from './providers/cognito.ts'
export { discord } from './providers/discord.ts'
export { dropbox } from './providers/dropbox.ts'
export { duende } from './providers/duende.ts'
export { ebay } from './providers/ebay.ts'
export { entra, entraExternalId, entraMultiTenant } from './providers/entra.ts'
export { figma } from './providers/figma.ts'
export { githubApp, githubOAuthApp } from './providers/github.ts'
export { gitlab } from './providers/gitlab.ts'
export { google } from './providers/google.ts'
export { hubspot } from './providers/hubspot.ts'
export { hydra } from './providers/hydra.ts'
export { keycloak } from './providers/keycloak.ts'
export { line } from './providers/line.ts'
export { linear } from './providers/linear.ts'
export { linkedin } from './providers/linkedin.ts'
export { logto } from './providers/logto.ts'
export { meta } from './providers/meta.ts'
export { notion } from './providers/notion.ts'
export { okta } from './providers/okta.ts'
export { plainOAuth2 } from './providers/plain-oauth2.ts'
export { quickbooks } from './providers/quickbooks.ts'
export { reddit } from './providers/reddit.ts'
export { salesforce } from './providers/salesforce.ts'
export { shopify } from './providers/shopify.ts'
export { slack } from './providers/slack.ts'
export { spotify } from './providers/spotify.ts'
export { strava } from './providers/strava.ts'
export { stripeConnect } from './providers/stripe-connect.ts'
export { twitch } from './providers/twitch.ts'
export { x } from './providers/x.ts'
export { xero } from './providers/xero.ts'
export { zitadel } from './providers/zitadel.ts'
export { zoho } from './providers/zoho.ts'
export { zoom } from './providers/zoom.ts'
export type { ReusePolicy } from './rules/refresh/decide.ts'
export type { UserClaims } from './model/token-grant.ts'
export type {
  CustomRevocation,
  RevocationContext,
  RevocationProfile,
  ServerDialect,
} from './ports/dialect.ts'
export type { ServerVerdict } from './rules/refresh/verdicts.ts'
export type { RequestProfile } from './surface/request-profile.ts'
export type { TokenHeader } from './model/stored-tokens.ts'
export type { CustomTokenRequest, TokenRequestProfile } from './rules/protocol/token-request-form.ts'
export type { UserInfoProfile } from './mechanisms/protocol/user-info.ts'
export type { EndSessionProfile, ServerMetadata } from './surface/server-metadata.ts'
export type { ServerProfile } from './surface/server-profile.ts'
export type { RevocationOutcome } from './vocabulary/events.ts'
