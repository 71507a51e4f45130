import type { Dialect } from '@evertoken/testkit'

// What each server does, as data. The sources are the same facts as those of the presets, but the data is independent: it
// states what the server does, and not what Evertoken should do. Facts that are not known follow the standards.

const TENANT = '8f4bd0e5-0000-4000-8000-3f2504e04f89'
const INVALID_GRANT = { status: 400, body: { error: 'invalid_grant' } } as const
const BOTH = ['client_secret_basic', 'client_secret_post'] as const
const POST = ['client_secret_post'] as const
const RS256 = { algorithm: 'RS256' } as const
const OIDC_SCOPES = ['openid', 'profile', 'email'] as const

/** A server with discovery, whose endpoints are below one URL. */
function openid(
  issuer: string,
  paths: {
    readonly [name in 'authorize' | 'token' | 'jwks' | 'revoke' | 'userInfo' | 'endSession']?: string
  },
  base: string = issuer.replace(/\/$/, ''),
): Pick<
  Dialect,
  'issuer' | 'metadata' | 'endpoints' | 'clientAuthentication' | 'idTokens' | 'deadRefreshToken'
> {
  const endpoints = Object.fromEntries(
    Object.entries(paths).map(([name, path]) => [name, path.startsWith('https:') ? path : base + path]),
  )
  return {
    issuer,
    metadata: { url: `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration` },
    endpoints: endpoints as unknown as Dialect['endpoints'],
    clientAuthentication: BOTH,
    idTokens: RS256,
    deadRefreshToken: INVALID_GRANT,
  }
}

export const auth0: Dialect = {
  ...openid('https://shop.eu.auth0.com/', {
    authorize: '/authorize',
    token: '/oauth/token',
    jwks: '/.well-known/jwks.json',
    revoke: '/oauth/revoke',
    userInfo: '/userinfo',
    endSession: '/v2/logout',
  }),
  // The end-session endpoint is published only if the tenant has switched it on.
  metadata: {
    url: 'https://shop.eu.auth0.com/.well-known/openid-configuration',
    members: { end_session_endpoint: undefined },
  },
  accessTokens: { seconds: 86_400 },
  refreshTokens: { scope: 'offline_access', reuse: { graceSeconds: 30, limit: 'previous token' } },
  deadRefreshToken: {
    status: 403,
    body: { error: 'invalid_grant', error_description: 'Unknown or invalid refresh token.' },
  },
  endSession: { required: ['client_id', 'returnTo'], returnParameter: 'returnTo' },
}

export const okta: Dialect = {
  ...openid('https://shop.okta.com/oauth2/default', {
    authorize: '/v1/authorize',
    token: '/v1/token',
    jwks: '/v1/keys',
    revoke: '/v1/revoke',
    userInfo: '/v1/userinfo',
    endSession: '/v1/logout',
  }),
  accessTokens: { seconds: 3600 },
  refreshTokens: { scope: 'offline_access', reuse: { graceSeconds: 30 } },
  endSession: {
    required: ['id_token_hint', 'post_logout_redirect_uri'],
    returnParameter: 'post_logout_redirect_uri',
  },
}

const entraHost = (audience: string) => ({
  authorize: `https://login.microsoftonline.com/${audience}/oauth2/v2.0/authorize`,
  token: `https://login.microsoftonline.com/${audience}/oauth2/v2.0/token`,
  jwks: `https://login.microsoftonline.com/${audience}/discovery/v2.0/keys`,
  userInfo: 'https://graph.microsoft.com/oidc/userinfo',
  endSession: `https://login.microsoftonline.com/${audience}/oauth2/v2.0/logout`,
})

export const entra: Dialect = {
  ...openid(`https://login.microsoftonline.com/${TENANT}/v2.0`, entraHost(TENANT)),
  clientAuthentication: POST,
  accessTokens: { seconds: 4500 },
  refreshTokens: { scope: 'offline_access', reuse: 'tolerant' },
  tokenResponse: { members: { ext_expires_in: 4500 } },
  deadRefreshToken: {
    status: 400,
    body: {
      error: 'invalid_grant',
      error_description: 'AADSTS700082: The refresh token has expired due to inactivity.',
      error_codes: [700_082],
      suberror: 'bad_token',
    },
  },
}

export const entraMultiTenant: Dialect = {
  ...entra,
  endpoints: entraHost('organizations'),
  metadata: {
    url: 'https://login.microsoftonline.com/organizations/v2.0/.well-known/openid-configuration',
    members: { issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0' },
  },
}

export const entraExternalId: Dialect = {
  ...entra,
  issuer: `https://${TENANT}.ciamlogin.com/${TENANT}/v2.0`,
  metadata: { url: 'https://shop.ciamlogin.com/shop.onmicrosoft.com/v2.0/.well-known/openid-configuration' },
  endpoints: {
    authorize: `https://shop.ciamlogin.com/${TENANT}/oauth2/v2.0/authorize`,
    token: `https://shop.ciamlogin.com/${TENANT}/oauth2/v2.0/token`,
    jwks: `https://shop.ciamlogin.com/${TENANT}/discovery/v2.0/keys`,
    endSession: `https://shop.ciamlogin.com/${TENANT}/oauth2/v2.0/logout`,
  },
}

const b2cPolicy = 'https://shop.b2clogin.com/shop.onmicrosoft.com/B2C_1_sign_in'

export const azureB2c: Dialect = {
  ...openid(`https://shop.b2clogin.com/${TENANT}/v2.0/`, {
    authorize: `${b2cPolicy}/oauth2/v2.0/authorize`,
    token: `${b2cPolicy}/oauth2/v2.0/token`,
    jwks: `${b2cPolicy}/discovery/v2.0/keys`,
    endSession: `${b2cPolicy}/oauth2/v2.0/logout`,
  }),
  metadata: { url: `${b2cPolicy}/v2.0/.well-known/openid-configuration` },
  clientAuthentication: POST,
  accessTokens: { seconds: 3600 },
  refreshTokens: { scope: 'offline_access', reuse: 'tolerant' },
  tokenResponse: { expiresIn: 'text', members: { not_before: '1800000000' } },
  deadRefreshToken: {
    status: 400,
    body: {
      error: 'invalid_grant',
      error_description: 'AADB2C90080: The provided grant has expired. Please re-authenticate and try again.',
    },
  },
}

export const google: Dialect = {
  ...openid('https://accounts.google.com', {
    authorize: '/o/oauth2/v2/auth',
    token: 'https://oauth2.googleapis.com/token',
    jwks: 'https://www.googleapis.com/oauth2/v3/certs',
    revoke: 'https://oauth2.googleapis.com/revoke',
    userInfo: 'https://openidconnect.googleapis.com/v1/userinfo',
  }),
  scopes: OIDC_SCOPES,
  accessTokens: { seconds: 3600, prefix: 'ya29.a0' },
  refreshTokens: {
    parameters: { access_type: 'offline', prompt: 'consent' },
    reuse: 'no-rotation',
    prefix: '1//0',
  },
}

const cognitoDomain = 'https://shop.auth.eu-west-1.amazoncognito.com'

export const cognito: Dialect = {
  ...openid('https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_aBcDeFgHi', {
    authorize: `${cognitoDomain}/oauth2/authorize`,
    token: `${cognitoDomain}/oauth2/token`,
    jwks: '/.well-known/jwks.json',
    revoke: `${cognitoDomain}/oauth2/revoke`,
    userInfo: `${cognitoDomain}/oauth2/userInfo`,
    endSession: `${cognitoDomain}/logout`,
  }),
  scopes: [...OIDC_SCOPES, 'phone'],
  accessTokens: { seconds: 3600 },
  refreshTokens: { reuse: 'no-rotation' },
  endSession: { required: ['client_id', 'logout_uri'], returnParameter: 'logout_uri' },
}

export const keycloak: Dialect = {
  ...openid('https://login.example.com/realms/shop', {
    authorize: '/protocol/openid-connect/auth',
    token: '/protocol/openid-connect/token',
    jwks: '/protocol/openid-connect/certs',
    revoke: '/protocol/openid-connect/revoke',
    userInfo: '/protocol/openid-connect/userinfo',
    endSession: '/protocol/openid-connect/logout',
  }),
  accessTokens: { seconds: 300 },
  refreshTokens: { reuse: 'strict' },
  tokenResponse: {
    members: { refresh_expires_in: 1800, 'not-before-policy': 0, session_state: '2f0c1b7a-0000' },
  },
  deadRefreshToken: {
    status: 400,
    body: { error: 'invalid_grant', error_description: 'Session not active' },
  },
}

export const duende: Dialect = {
  ...openid('https://login.example.com', {
    authorize: '/connect/authorize',
    token: '/connect/token',
    jwks: '/.well-known/openid-configuration/jwks',
    revoke: '/connect/revocation',
    userInfo: '/connect/userinfo',
    endSession: '/connect/endsession',
  }),
  accessTokens: { seconds: 3600 },
  refreshTokens: { scope: 'offline_access', reuse: 'no-rotation', isRepeated: true },
  endSession: {
    required: ['id_token_hint', 'post_logout_redirect_uri'],
    returnParameter: 'post_logout_redirect_uri',
  },
}

export const hydra: Dialect = {
  ...openid('https://login.example.com/', {
    authorize: '/oauth2/auth',
    token: '/oauth2/token',
    jwks: '/.well-known/jwks.json',
    revoke: '/oauth2/revoke',
    userInfo: '/userinfo',
    endSession: '/oauth2/sessions/logout',
  }),
  accessTokens: { seconds: 3600, prefix: 'ory_at_' },
  refreshTokens: {
    scope: 'offline_access',
    reuse: 'strict',
    refreshEndsAccessToken: true,
    prefix: 'ory_rt_',
  },
  endSession: {
    required: ['id_token_hint', 'post_logout_redirect_uri'],
    returnParameter: 'post_logout_redirect_uri',
  },
}

export const zitadel: Dialect = {
  ...openid('https://shop.zitadel.cloud', {
    authorize: '/oauth/v2/authorize',
    token: '/oauth/v2/token',
    jwks: '/oauth/v2/keys',
    revoke: '/oauth/v2/revoke',
    userInfo: '/oidc/v1/userinfo',
    endSession: '/oidc/v1/end_session',
  }),
  accessTokens: { seconds: 43_200 },
  refreshTokens: { scope: 'offline_access', reuse: 'strict' },
  deadRefreshToken: {
    status: 400,
    body: { error: 'invalid_request', error_description: 'Errors.OIDCSession.RefreshTokenInvalid' },
  },
}

export const authentik: Dialect = {
  ...openid(
    'https://login.example.com/application/o/shop/',
    {
      authorize: '/authorize/',
      token: '/token/',
      jwks: '/shop/jwks/',
      revoke: '/revoke/',
      userInfo: '/userinfo/',
      endSession: '/shop/end-session/',
    },
    'https://login.example.com/application/o',
  ),
  accessTokens: { seconds: 300 },
  refreshTokens: { scope: 'offline_access', reuse: 'strict' },
}

export const logto: Dialect = {
  ...openid('https://shop.logto.app/oidc', {
    authorize: '/auth',
    token: '/token',
    jwks: '/jwks',
    revoke: '/token/revocation',
    userInfo: '/me',
    endSession: '/session/end',
  }),
  accessTokens: { seconds: 3600 },
  refreshTokens: { scope: 'offline_access', parameters: { prompt: 'consent' }, reuse: { graceSeconds: 3 } },
  deadRefreshToken: {
    status: 400,
    body: { error: 'invalid_grant', error_description: 'refresh token already used' },
  },
}

export const apple: Dialect = {
  ...openid('https://appleid.apple.com', {
    authorize: '/auth/authorize',
    token: '/auth/token',
    jwks: '/auth/keys',
    revoke: '/auth/revoke',
  }),
  clientAuthentication: POST,
  scopes: ['openid', 'name', 'email'],
  accessTokens: { seconds: 3600 },
  refreshTokens: { reuse: 'no-rotation' },
}

const githubEndpoints = {
  authorize: 'https://github.com/login/oauth/authorize',
  token: 'https://github.com/login/oauth/access_token',
  revoke: 'https://api.github.com/applications/web/token',
  userInfo: 'https://api.github.com/user',
}

const githubRevocation = {
  parameter: 'access_token',
  token: 'access_token',
  method: 'DELETE',
  format: 'json',
  clientAuthentication: ['client_secret_basic'],
} as const

export const githubApp: Dialect = {
  issuer: 'https://github.com/login/oauth',
  endpoints: githubEndpoints,
  clientAuthentication: POST,
  accessTokens: { seconds: 28_800, prefix: 'ghu_' },
  refreshTokens: { reuse: 'strict', refreshEndsAccessToken: true, prefix: 'ghr_' },
  tokenResponse: { isForm: true, members: { refresh_token_expires_in: 15_811_200 } },
  userInfo: { id: 'sub', login: 'login' },
  deadRefreshToken: { status: 200, body: { error: 'bad_refresh_token' } },
  revocation: githubRevocation,
}

export const githubOAuthApp: Dialect = {
  issuer: 'https://github.com/login/oauth',
  endpoints: githubEndpoints,
  clientAuthentication: POST,
  accessTokens: { seconds: 31_536_000, prefix: 'gho_' },
  tokenResponse: { isForm: true, expiresIn: 'absent' },
  userInfo: { id: 'sub', login: 'login' },
  deadRefreshToken: { status: 200, body: { error: 'bad_refresh_token' } },
  revocation: githubRevocation,
}

export const gitlab: Dialect = {
  ...openid('https://gitlab.com', {
    authorize: '/oauth/authorize',
    token: '/oauth/token',
    jwks: '/oauth/discovery/keys',
    revoke: '/oauth/revoke',
    userInfo: '/oauth/userinfo',
  }),
  scopes: [...OIDC_SCOPES, 'api', 'read_user'],
  accessTokens: { seconds: 7200 },
  refreshTokens: { reuse: 'strict', refreshEndsAccessToken: true },
  tokenResponse: { members: { created_at: 1_800_000_000 } },
}

export const slackBot: Dialect = {
  issuer: 'https://slack.com',
  endpoints: {
    authorize: 'https://slack.com/oauth/v2/authorize',
    token: 'https://slack.com/api/oauth.v2.access',
    revoke: 'https://slack.com/api/auth.revoke',
    userInfo: 'https://slack.com/api/auth.test',
  },
  clientAuthentication: POST,
  scopes: ['users:read', 'chat:write'],
  scopeSeparator: ',',
  accessTokens: { seconds: 43_200, prefix: 'xoxe.xoxb-1-' },
  refreshTokens: { reuse: 'strict', prefix: 'xoxe-1-' },
  tokenResponse: {
    tokenType: 'bot',
    members: { ok: true, team: { id: 'T1' }, authed_user: { id: 'user-1' } },
  },
  // The bot, and not the user.
  userInfo: { team_id: 'team', user_id: 'login', user: 'login' },
  deadRefreshToken: { status: 200, body: { ok: false, error: 'invalid_refresh_token' } },
  revocation: { parameter: 'bearer', token: 'access_token', body: { ok: true, revoked: true } },
}

export const slackUser: Dialect = {
  ...slackBot,
  accessTokens: { seconds: 43_200, prefix: 'xoxe.xoxp-1-' },
  tokenResponse: { tokenType: 'user', members: { ok: true, team: { id: 'T1' } }, nestedIn: 'authed_user' },
  userInfo: { team_id: 'team', user_id: 'sub', user: 'login' },
}

export const salesforce: Dialect = {
  ...openid('https://login.salesforce.com', {
    authorize: '/services/oauth2/authorize',
    token: '/services/oauth2/token',
    jwks: '/id/keys',
    revoke: '/services/oauth2/revoke',
    userInfo: '/services/oauth2/userinfo',
    endSession: '/services/auth/idp/oidc/logout',
  }),
  scopes: ['openid', 'refresh_token', 'api', 'id'],
  accessTokens: { seconds: 7200, prefix: '00D!AQ.' },
  refreshTokens: { scope: 'refresh_token', reuse: 'no-rotation', prefix: '5Aep8' },
  tokenResponse: {
    expiresIn: 'absent',
    members: {
      instance_url: 'https://shop.my.salesforce.com',
      issued_at: '1800000000000',
      signature: 'dGVzdA==',
    },
  },
  deadRefreshToken: {
    status: 400,
    body: { error: 'invalid_grant', error_description: 'expired access/refresh token' },
  },
}

export const line: Dialect = {
  ...openid('https://access.line.me', {
    authorize: '/oauth2/v2.1/authorize',
    token: 'https://api.line.me/oauth2/v2.1/token',
    jwks: 'https://api.line.me/oauth2/v2.1/certs',
    revoke: 'https://api.line.me/oauth2/v2.1/revoke',
    userInfo: 'https://api.line.me/oauth2/v2.1/userinfo',
  }),
  metadata: {
    url: 'https://access.line.me/.well-known/openid-configuration',
    // The keys are for the ID tokens of native applications.
    members: { id_token_signing_alg_values_supported: ['ES256'], revocation_endpoint: undefined },
  },
  clientAuthentication: POST,
  scopes: OIDC_SCOPES,
  accessTokens: { seconds: 2_592_000 },
  refreshTokens: { reuse: 'no-rotation', isRepeated: true },
  idTokens: { algorithm: 'HS256' },
  deadRefreshToken: {
    status: 400,
    body: { error: 'invalid_grant', error_description: 'invalid refresh token' },
  },
  revocation: { parameter: 'access_token' },
}

export const linkedin: Dialect = {
  ...openid('https://www.linkedin.com/oauth', {
    authorize: '/v2/authorization',
    token: '/v2/accessToken',
    jwks: '/openid/jwks',
    revoke: '/v2/revoke',
    userInfo: 'https://api.linkedin.com/v2/userinfo',
  }),
  metadata: {
    url: 'https://www.linkedin.com/oauth/.well-known/openid-configuration',
    members: { revocation_endpoint: undefined },
  },
  clientAuthentication: POST,
  scopes: OIDC_SCOPES,
  accessTokens: { seconds: 5_184_000 },
  refreshTokens: { reuse: 'no-rotation', isRepeated: true },
  tokenResponse: { members: { refresh_token_expires_in: 31_536_000 } },
  idTokens: { algorithm: 'RS256', dropsNonce: true },
}

export const twitch: Dialect = {
  ...openid('https://id.twitch.tv/oauth2', {
    authorize: '/authorize',
    token: '/token',
    jwks: '/keys',
    revoke: '/revoke',
    userInfo: '/userinfo',
  }),
  metadata: {
    url: 'https://id.twitch.tv/oauth2/.well-known/openid-configuration',
    members: { revocation_endpoint: undefined },
  },
  clientAuthentication: POST,
  scopes: ['openid', 'user:read:email'],
  accessTokens: { seconds: 14_400 },
  refreshTokens: { reuse: 'no-rotation', isRepeated: true, prefix: 'eyJfMzUtNDU0OC04%' },
  tokenResponse: { scope: 'list', tokenType: 'bearer' },
  deadRefreshToken: { status: 400, body: { status: 400, message: 'Invalid refresh token' } },
}

export const discord: Dialect = {
  issuer: 'https://discord.com',
  endpoints: {
    authorize: 'https://discord.com/oauth2/authorize',
    token: 'https://discord.com/api/oauth2/token',
    revoke: 'https://discord.com/api/oauth2/token/revoke',
    userInfo: 'https://discord.com/api/users/@me',
  },
  clientAuthentication: BOTH,
  scopes: ['identify', 'email', 'guilds'],
  accessTokens: { seconds: 604_800 },
  refreshTokens: { reuse: 'strict' },
  userInfo: { id: 'sub', username: 'login' },
  deadRefreshToken: INVALID_GRANT,
}

export const spotify: Dialect = {
  issuer: 'https://accounts.spotify.com',
  endpoints: {
    authorize: 'https://accounts.spotify.com/authorize',
    token: 'https://accounts.spotify.com/api/token',
    userInfo: 'https://api.spotify.com/v1/me',
  },
  clientAuthentication: BOTH,
  scopes: ['user-read-email', 'user-read-private'],
  accessTokens: { seconds: 3600 },
  refreshTokens: { reuse: 'no-rotation' },
  userInfo: { id: 'sub', display_name: 'login' },
  deadRefreshToken: {
    status: 400,
    body: { error: 'invalid_grant', error_description: 'Refresh token revoked' },
  },
}

export const plainOAuth2: Dialect = {
  issuer: 'https://login.example.com',
  endpoints: {
    authorize: 'https://login.example.com/oauth/authorize',
    token: 'https://login.example.com/oauth/token',
    revoke: 'https://login.example.com/oauth/revoke',
    userInfo: 'https://login.example.com/me',
  },
  clientAuthentication: BOTH,
  scopes: ['orders'],
  accessTokens: { seconds: 3600 },
  refreshTokens: { reuse: 'strict' },
  userInfo: { id: 'sub' },
  deadRefreshToken: INVALID_GRANT,
}
