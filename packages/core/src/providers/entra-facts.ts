import type { ServerProfile } from '../surface/server-profile.ts'

/** The facts that all kinds of Microsoft Entra tenants share. */
export const ENTRA: Omit<ServerProfile, 'issuer'> = {
  // Each refresh returns a new refresh token, and the old one is not revoked (documentation).
  refreshTokenReuse: 'tolerant',
  verdicts: [
    // The user must do something first (source of MSAL: `InteractionRequiredAuthError`).
    {
      member: 'suberror',
      is: ['basic_action', 'additional_action', 'message_only', 'user_password_expired', 'consent_required'],
      means: 'sign_in_required',
    },
  ],
}

/** The hosts of the clouds of Microsoft. */
export const ENTRA_HOSTS = {
  global: 'login.microsoftonline.com',
  usgov: 'login.microsoftonline.us',
  china: 'login.partner.microsoftonline.cn',
} as const
