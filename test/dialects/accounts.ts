import type { Dialect } from '@evertoken/testkit'

// What APIs do whose tokens users store, as data. Facts that are not known follow the standards.

const POST = ['client_secret_post'] as const
const BASIC = ['client_secret_basic'] as const
const INVALID_GRANT = { status: 400, body: { error: 'invalid_grant' } } as const

export const notion: Dialect = {
  issuer: 'https://api.notion.com',
  endpoints: {
    authorize: 'https://api.notion.com/v1/oauth/authorize',
    token: 'https://api.notion.com/v1/oauth/token',
    revoke: 'https://api.notion.com/v1/oauth/revoke',
  },
  clientAuthentication: BASIC,
  format: 'json',
  accessTokens: { seconds: 3600 },
  refreshTokens: { parameters: { owner: 'user' }, reuse: 'strict' },
  tokenResponse: {
    members: { bot_id: 'bot-1', workspace_id: 'W1', owner: { type: 'user', user: { id: 'user-1' } } },
  },
  deadRefreshToken: INVALID_GRANT,
}

export const linear: Dialect = {
  issuer: 'https://linear.app',
  endpoints: {
    authorize: 'https://linear.app/oauth/authorize',
    token: 'https://api.linear.app/oauth/token',
    revoke: 'https://api.linear.app/oauth/revoke',
    userInfo: 'https://api.linear.app/graphql',
  },
  clientAuthentication: POST,
  scopes: ['read', 'write', 'issues:create'],
  scopeSeparator: ',',
  accessTokens: { seconds: 86_399 },
  refreshTokens: { reuse: { graceSeconds: 1800 } },
  userInfo: { 'data.viewer.id': 'sub', 'data.viewer.name': 'login' },
  userInfoMethod: 'POST',
  deadRefreshToken: INVALID_GRANT,
}

export const atlassian: Dialect = {
  issuer: 'https://auth.atlassian.com',
  endpoints: {
    authorize: 'https://auth.atlassian.com/authorize',
    token: 'https://auth.atlassian.com/oauth/token',
    userInfo: 'https://api.atlassian.com/me',
  },
  clientAuthentication: POST,
  accessTokens: { seconds: 3600 },
  refreshTokens: {
    scope: 'offline_access',
    parameters: { audience: 'api.atlassian.com', prompt: 'consent' },
    reuse: 'strict',
  },
  userInfo: { account_id: 'sub', name: 'login' },
  deadRefreshToken: { status: 403, body: { error: 'unauthorized_client' } },
}

export const hubspot: Dialect = {
  issuer: 'https://app.hubspot.com',
  endpoints: {
    authorize: 'https://app.hubspot.com/oauth/authorize',
    token: 'https://api.hubapi.com/oauth/2026-03/token',
    revoke: 'https://api.hubapi.com/oauth/2026-03/token/revoke',
  },
  clientAuthentication: POST,
  accessTokens: { seconds: 1800 },
  refreshTokens: { reuse: 'no-rotation', isRepeated: true },
  tokenResponse: {
    scopeMember: 'scopes',
    scope: 'list',
    members: { token_use: 'access_token', hub_id: 62_515, user_id: 123 },
  },
  deadRefreshToken: { status: 400, body: { status: 'BAD_REFRESH_TOKEN', message: 'missing or invalid' } },
}

export const dropbox: Dialect = {
  issuer: 'https://www.dropbox.com',
  endpoints: {
    authorize: 'https://www.dropbox.com/oauth2/authorize',
    token: 'https://api.dropboxapi.com/oauth2/token',
    revoke: 'https://api.dropboxapi.com/2/auth/token/revoke',
  },
  clientAuthentication: POST,
  accessTokens: { seconds: 14_400, prefix: 'sl.' },
  refreshTokens: { parameters: { token_access_type: 'offline' }, reuse: 'no-rotation' },
  tokenResponse: { tokenType: 'bearer', members: { uid: '1', account_id: 'dbid:user-1' } },
  deadRefreshToken: INVALID_GRANT,
  revocation: { parameter: 'bearer', token: 'access_token' },
}

export const strava: Dialect = {
  issuer: 'https://www.strava.com',
  endpoints: {
    authorize: 'https://www.strava.com/oauth/authorize',
    token: 'https://www.strava.com/api/v3/oauth/token',
    revoke: 'https://www.strava.com/oauth/deauthorize',
    userInfo: 'https://www.strava.com/api/v3/athlete',
  },
  clientAuthentication: POST,
  scopes: ['read', 'activity:read'],
  scopeSeparator: ',',
  accessTokens: { seconds: 21_600 },
  refreshTokens: { reuse: 'strict' },
  tokenResponse: { scope: 'absent', members: { expires_at: 1_800_000_000, athlete: { id: 1 } } },
  userInfo: { id: 'number', username: 'login' },
  deadRefreshToken: {
    status: 400,
    body: {
      message: 'Bad Request',
      errors: [{ resource: 'RefreshToken', field: 'refresh_token', code: 'invalid' }],
    },
  },
  revocation: { parameter: 'access_token', token: 'access_token' },
}

export const shopify: Dialect = {
  issuer: 'https://my-shop.myshopify.com',
  endpoints: {
    authorize: 'https://my-shop.myshopify.com/admin/oauth/authorize',
    token: 'https://my-shop.myshopify.com/admin/oauth/access_token',
  },
  clientAuthentication: POST,
  scopeSeparator: ',',
  accessTokens: { seconds: 3600, prefix: 'shpat_' },
  refreshTokens: {
    codeParameters: { expiring: '1' },
    // The previous one is valid until the new one is used.
    reuse: { graceSeconds: 7_776_000, limit: 'previous token' },
    prefix: 'shprt_',
  },
  tokenResponse: { tokenType: null, members: { refresh_token_expires_in: 7_776_000 } },
  apiHeader: { name: 'X-Shopify-Access-Token', prefix: '' },
  deadRefreshToken: INVALID_GRANT,
}

export const zoom: Dialect = {
  issuer: 'https://zoom.us',
  endpoints: {
    authorize: 'https://zoom.us/oauth/authorize',
    token: 'https://zoom.us/oauth/token',
    revoke: 'https://zoom.us/oauth/revoke',
    userInfo: 'https://api.zoom.us/v2/users/me',
  },
  clientAuthentication: POST,
  accessTokens: { seconds: 3600 },
  refreshTokens: { reuse: 'strict' },
  userInfo: { id: 'sub', display_name: 'login' },
  deadRefreshToken: { status: 400, body: { reason: 'Invalid Token!', error: 'invalid_request' } },
}

export const zoho: Dialect = {
  issuer: 'https://accounts.zoho.eu',
  endpoints: {
    authorize: 'https://accounts.zoho.eu/oauth/v2/auth',
    token: 'https://accounts.zoho.eu/oauth/v2/token',
    revoke: 'https://accounts.zoho.eu/oauth/v2/token/revoke',
    userInfo: 'https://accounts.zoho.eu/oauth/user/info',
  },
  clientAuthentication: POST,
  scopes: ['AaaServer.profile.READ', 'ZohoCRM.users.READ'],
  scopeSeparator: ',',
  accessTokens: { seconds: 3600, prefix: '1000.' },
  refreshTokens: { parameters: { access_type: 'offline', prompt: 'consent' }, reuse: 'no-rotation' },
  tokenResponse: { members: { api_domain: 'https://www.zohoapis.eu' } },
  userInfo: { ZUID: 'number', Display_Name: 'login' },
  apiHeader: { name: 'Authorization', prefix: 'Zoho-oauthtoken ' },
  deadRefreshToken: { status: 200, body: { error: 'invalid_code' } },
  revocation: { parameter: 'token', body: { status: 'success' } },
}

export const xero: Dialect = {
  issuer: 'https://identity.xero.com',
  metadata: { url: 'https://identity.xero.com/.well-known/openid-configuration' },
  endpoints: {
    authorize: 'https://login.xero.com/identity/connect/authorize',
    token: 'https://identity.xero.com/connect/token',
    jwks: 'https://identity.xero.com/.well-known/openid-configuration/jwks',
    revoke: 'https://identity.xero.com/connect/revocation',
    userInfo: 'https://identity.xero.com/connect/userinfo',
  },
  clientAuthentication: BASIC,
  accessTokens: { seconds: 1800 },
  refreshTokens: { scope: 'offline_access', reuse: { graceSeconds: 1800 } },
  idTokens: { algorithm: 'RS256' },
  deadRefreshToken: INVALID_GRANT,
}

export const quickbooks: Dialect = {
  issuer: 'https://oauth.platform.intuit.com/op/v1',
  endpoints: {
    authorize: 'https://appcenter.intuit.com/connect/oauth2',
    token: 'https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer',
    revoke: 'https://developer.api.intuit.com/v2/oauth2/tokens/revoke',
    jwks: 'https://oauth.platform.intuit.com/op/v1/jwks',
    userInfo: 'https://accounts.platform.intuit.com/v1/openid_connect/userinfo',
  },
  idTokens: { algorithm: 'RS256', dropsNonce: true },
  clientAuthentication: BASIC,
  accessTokens: { seconds: 3600 },
  // The value changes about every 24 hours, and the previous one is then dead.
  refreshTokens: { reuse: 'strict' },
  tokenResponse: {
    members: { x_refresh_token_expires_in: 8_726_400, x_refresh_token_hard_expires_in: 157_680_000 },
  },
  deadRefreshToken: INVALID_GRANT,
}

export const asana: Dialect = {
  issuer: 'https://app.asana.com',
  endpoints: {
    authorize: 'https://app.asana.com/-/oauth_authorize',
    token: 'https://app.asana.com/-/oauth_token',
    revoke: 'https://app.asana.com/-/oauth_revoke',
  },
  clientAuthentication: POST,
  accessTokens: { seconds: 3600, prefix: '2/1:' },
  refreshTokens: { reuse: 'no-rotation' },
  tokenResponse: { members: { data: { id: 7, gid: '7', name: 'Ada' } } },
  deadRefreshToken: INVALID_GRANT,
}

export const box: Dialect = {
  issuer: 'https://account.box.com',
  endpoints: {
    authorize: 'https://account.box.com/api/oauth2/authorize',
    token: 'https://api.box.com/oauth2/token',
    revoke: 'https://api.box.com/oauth2/revoke',
    userInfo: 'https://api.box.com/2.0/users/me',
  },
  clientAuthentication: POST,
  accessTokens: { seconds: 3600 },
  refreshTokens: { reuse: 'strict' },
  userInfo: { id: 'sub', name: 'login' },
  deadRefreshToken: INVALID_GRANT,
}

export const figma: Dialect = {
  issuer: 'https://www.figma.com',
  endpoints: {
    authorize: 'https://www.figma.com/oauth',
    token: 'https://api.figma.com/v1/oauth/token',
    refresh: 'https://api.figma.com/v1/oauth/refresh',
    userInfo: 'https://api.figma.com/v1/me',
  },
  clientAuthentication: BASIC,
  scopes: ['current_user:read', 'file_content:read'],
  scopeSeparator: ',',
  accessTokens: { seconds: 7_776_000 },
  refreshTokens: { reuse: 'no-rotation' },
  tokenResponse: { scope: 'absent' },
  userInfo: { id: 'sub', handle: 'login' },
  deadRefreshToken: INVALID_GRANT,
}
