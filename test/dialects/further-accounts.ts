import type { Dialect } from '@evertoken/testkit'

// More APIs whose tokens users store, as in `accounts.ts`.

const POST = ['client_secret_post'] as const
const BASIC = ['client_secret_basic'] as const
const INVALID_GRANT = { status: 400, body: { error: 'invalid_grant' } } as const

export const airtable: Dialect = {
  issuer: 'https://airtable.com',
  endpoints: {
    authorize: 'https://airtable.com/oauth2/v1/authorize',
    token: 'https://airtable.com/oauth2/v1/token',
    userInfo: 'https://api.airtable.com/v0/meta/whoami',
  },
  clientAuthentication: BASIC,
  scopes: ['user.email:read', 'data.records:read'],
  accessTokens: { seconds: 3600 },
  refreshTokens: { reuse: 'strict' },
  tokenResponse: { members: { refresh_expires_in: 5_184_000 } },
  userInfo: { id: 'sub' },
  deadRefreshToken: INVALID_GRANT,
}

export const x: Dialect = {
  issuer: 'https://x.com',
  endpoints: {
    authorize: 'https://x.com/i/oauth2/authorize',
    token: 'https://api.x.com/2/oauth2/token',
    revoke: 'https://api.x.com/2/oauth2/revoke',
    userInfo: 'https://api.x.com/2/users/me',
  },
  clientAuthentication: BASIC,
  scopes: ['users.read', 'tweet.read', 'offline.access'],
  accessTokens: { seconds: 7200 },
  refreshTokens: { scope: 'offline.access', reuse: 'strict' },
  tokenResponse: { tokenType: 'bearer' },
  userInfo: { 'data.id': 'sub', 'data.username': 'login' },
  deadRefreshToken: {
    status: 400,
    body: { error: 'invalid_request', error_description: 'Value passed for the token was invalid.' },
  },
}

export const reddit: Dialect = {
  issuer: 'https://www.reddit.com',
  endpoints: {
    authorize: 'https://www.reddit.com/api/v1/authorize',
    token: 'https://www.reddit.com/api/v1/access_token',
    revoke: 'https://www.reddit.com/api/v1/revoke_token',
    userInfo: 'https://oauth.reddit.com/api/v1/me',
  },
  clientAuthentication: BASIC,
  scopes: ['identity', 'read'],
  accessTokens: { seconds: 3600 },
  refreshTokens: { parameters: { duration: 'permanent' }, reuse: 'no-rotation' },
  tokenResponse: { tokenType: 'bearer' },
  userInfo: { id: 'sub', name: 'login' },
  deadRefreshToken: { status: 200, body: { error: 'invalid_grant' } },
}

export const amazon: Dialect = {
  issuer: 'https://www.amazon.com',
  endpoints: {
    authorize: 'https://www.amazon.com/ap/oa',
    token: 'https://api.amazon.com/auth/o2/token',
    userInfo: 'https://api.amazon.com/user/profile',
  },
  clientAuthentication: POST,
  scopes: ['profile', 'profile:user_id'],
  accessTokens: { seconds: 3600, prefix: 'Atza|' },
  refreshTokens: { reuse: 'no-rotation', isRepeated: true, prefix: 'Atzr|' },
  tokenResponse: { tokenType: 'bearer', scope: 'absent' },
  userInfo: { user_id: 'sub', name: 'login' },
  deadRefreshToken: INVALID_GRANT,
}

export const ebay: Dialect = {
  issuer: 'https://auth.ebay.com',
  endpoints: {
    authorize: 'https://auth.ebay.com/oauth2/authorize',
    token: 'https://api.ebay.com/identity/v1/oauth2/token',
    userInfo: 'https://apiz.ebay.com/commerce/identity/v1/user/',
  },
  clientAuthentication: BASIC,
  redirectName: { name: 'Shop-ShopApp-PRD-abc', url: 'https://app.example.com/auth/callback' },
  scopes: ['https://api.ebay.com/oauth/api_scope/commerce.identity.readonly'],
  accessTokens: { seconds: 7200, prefix: 'v^1.1#i^1#f^0/=' },
  refreshTokens: { reuse: 'no-rotation', prefix: 'v^1.1#i^1#r^1' },
  tokenResponse: {
    tokenType: 'User Access Token',
    scope: 'absent',
    members: { refresh_token_expires_in: 47_304_000 },
  },
  userInfo: { userId: 'sub', username: 'login' },
  deadRefreshToken: INVALID_GRANT,
}

const EXPIRED = { message: 'Error validating access token', type: 'OAuthException', code: 190 }

export const meta: Dialect = {
  issuer: 'https://www.facebook.com',
  endpoints: {
    authorize: 'https://www.facebook.com/v22.0/dialog/oauth',
    token: 'https://graph.facebook.com/v22.0/oauth/access_token',
    revoke: 'https://graph.facebook.com/v22.0/me/permissions',
    userInfo: 'https://graph.facebook.com/me',
  },
  clientAuthentication: POST,
  format: 'query',
  scopes: ['email', 'public_profile'],
  scopeSeparator: ',',
  accessTokens: { seconds: 5_183_944 },
  refreshTokens: { reuse: 'no-rotation', exchange: 'fb_exchange_token' },
  tokenResponse: { tokenType: 'bearer', scope: 'absent' },
  userInfo: { id: 'sub', name: 'login' },
  deadRefreshToken: { status: 400, body: { error: EXPIRED } },
  revocation: { parameter: 'bearer', token: 'access_token', method: 'DELETE', body: { success: true } },
}

export const bitbucket: Dialect = {
  issuer: 'https://bitbucket.org',
  endpoints: {
    authorize: 'https://bitbucket.org/site/oauth2/authorize',
    token: 'https://bitbucket.org/site/oauth2/access_token',
    userInfo: 'https://api.bitbucket.org/2.0/user',
  },
  clientAuthentication: BASIC,
  accessTokens: { seconds: 7200 },
  refreshTokens: { reuse: 'no-rotation', isRepeated: true },
  tokenResponse: { tokenType: 'bearer', scopeMember: 'scopes' },
  userInfo: { account_id: 'sub', display_name: 'login' },
  deadRefreshToken: INVALID_GRANT,
}

export const stripeConnect: Dialect = {
  issuer: 'https://connect.stripe.com',
  endpoints: {
    authorize: 'https://connect.stripe.com/oauth/authorize',
    token: 'https://connect.stripe.com/oauth/token',
    revoke: 'https://connect.stripe.com/oauth/deauthorize',
  },
  clientAuthentication: POST,
  scopes: ['read_only', 'read_write'],
  // An access token is an API key, which does not expire.
  accessTokens: { seconds: Infinity, prefix: 'sk_test_' },
  refreshTokens: { reuse: 'no-rotation', prefix: 'rt_' },
  tokenResponse: {
    tokenType: 'bearer',
    expiresIn: 'absent',
    members: { livemode: false, stripe_user_id: 'acct_1', stripe_publishable_key: 'pk_test_1' },
  },
  deadRefreshToken: { status: 400, body: { error: 'invalid_grant', error_description: 'Token is revoked' } },
  revocation: { parameter: 'stripe_user_id', token: 'stripe_user_id', body: { stripe_user_id: 'acct_1' } },
}
