/**
 * Server profiles of known providers, for the option `server`. Each is a plain object, which you can print and spread.
 *
 * The comments in each file name the source of each fact: the documentation or the source code of the provider or of its SDKs,
 * a third-party text, or memory.
 *
 * @module
 */
export { apple } from './providers/apple.ts'
export { auth0 } from './providers/auth0.ts'
export { authentik } from './providers/authentik.ts'
export { azureB2c } from './providers/azure-b2c.ts'
export { cognito } from './providers/cognito.ts'
export { discord } from './providers/discord.ts'
export { duende } from './providers/duende.ts'
export { entra, entraExternalId, entraMultiTenant } from './providers/entra.ts'
export { githubApp, githubOAuthApp } from './providers/github.ts'
export { gitlab } from './providers/gitlab.ts'
export { google } from './providers/google.ts'
export { hydra } from './providers/hydra.ts'
export { keycloak } from './providers/keycloak.ts'
export { line } from './providers/line.ts'
export { linkedin } from './providers/linkedin.ts'
export { logto } from './providers/logto.ts'
export { okta } from './providers/okta.ts'
export { plainOAuth2 } from './providers/plain-oauth2.ts'
export { salesforce } from './providers/salesforce.ts'
export { slack } from './providers/slack.ts'
export { spotify } from './providers/spotify.ts'
export { twitch } from './providers/twitch.ts'
export { zitadel } from './providers/zitadel.ts'
export type { ReusePolicy } from './rules/refresh/decide.ts'
export type { UserClaims } from './model/token-grant.ts'
export type { RevocationContext, ServerDialect } from './ports/dialect.ts'
export type { ServerVerdict } from './rules/refresh/verdicts.ts'
export type { UserInfoProfile } from './mechanisms/protocol/user-info.ts'
export type { EndSessionProfile, ServerMetadata } from './surface/server-metadata.ts'
export type { ServerProfile } from './surface/server-profile.ts'
export type { RevocationOutcome } from './vocabulary/events.ts'
