import { pick } from '../rules/members.ts'
import type { Settings } from './options.ts'

const HOOKS = ['onSignIn', 'onRefreshed'] as const

/**
 * Returns the settings for the diagnostics. They are listed by name, so that a secret that is added later is not
 * shown.
 */
export function shownSettings(settings: Omit<Settings, 'store'>): object {
  return {
    ...pick(settings, [
      'issuer',
      'clientId',
      'insecureHosts',
      'routePrefix',
      'session',
      'indexSessions',
      'cookieName',
      'maxCookieBytes',
      'sameSite',
      'idleTimeoutSeconds',
      'absoluteTimeoutSeconds',
      'revokeOnLogout',
      'postLogoutPath',
      'forwardLoginParameters',
      'responseMode',
      'authorizationRequest',
      'profile',
      'signInErrorPath',
      'anonymousUserStatus',
      'backChannelLogout',
      'frontChannelLogout',
      'diagnostics',
    ]),
    metadata: settings.server.metadata,
    secrets: settings.secrets.length,
    baseUrl: settings.origin && settings.origin + settings.basePath,
    authorizationParameters: Object.fromEntries(settings.authorizationParameters),
    ...settings.policy,
    hooks: HOOKS.filter((hook) => settings[hook]),
  }
}
