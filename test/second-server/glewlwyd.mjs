import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort, installed, start, temporaryFolder } from '../../scripts/services.mjs'

const PROGRAM = '/usr/bin/glewlwyd'
const SCHEMA = '/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3'
/** The administrator of the default schema. */
const ADMINISTRATOR = { username: 'admin', password: 'password' }

/**
 * Glewlwyd, an authorization server in C, with one user and nothing else but what `addClient` adds.
 *
 * @param place - The port, and the issuer if browsers use another URL.
 */
export async function startGlewlwyd(user, place = {}) {
  const path = installed('glewlwyd', () => (existsSync(PROGRAM) ? PROGRAM : undefined))
  const sqlite = installed('sqlite3', () => ['/usr/bin/sqlite3'].find(existsSync))
  const folder = await temporaryFolder('glewlwyd')
  const database = join(folder, 'database')
  execFileSync(sqlite, [database], { input: readFileSync(SCHEMA) })
  const { port = await freePort(), issuer = `http://localhost:${port}` } = place
  const file = join(folder, 'configuration')
  await writeFile(file, configuration(port, issuer, database))
  const options = { ready: 'Glewlwyd started', folder, stopSignal: 'SIGTERM' }
  const { stop } = await start(path, [`--config-file=${file}`], options)

  const administrator = await signIn(issuer, ADMINISTRATOR)
  const ask = (method, where, body) => call(`${issuer}/api/${where}`, administrator, method, body)
  await ask('POST', 'mod/plugin/', plugin(issuer))
  await allowSeveral(ask, 'post_logout_redirect_uris')
  await ask('POST', 'user/', { ...user, enabled: true, scope: ['g_profile', 'openid'] })
  return {
    issuer,
    metadataUrl: `${issuer}/api/oidc/.well-known/openid-configuration`,
    userInfoUrl: `${issuer}/api/oidc/userinfo`,
    addClient: (client) => ask('POST', 'client/', clientOf(client)),
    signIn: () => signIn(issuer, user),
    consent: (cookie, clientId) =>
      call(`${issuer}/api/auth/grant/${clientId}`, cookie, 'PUT', { scope: 'openid' }),
    endSession: (cookie, sid) => call(`${issuer}/api/oidc/session/${sid}`, cookie, 'DELETE'),
    stop,
  }
}

/** Returns the cookie of the session there. */
async function signIn(issuer, { username, password }) {
  const response = await call(`${issuer}/api/auth`, '', 'POST', { username, password })
  return response.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
}

async function call(url, cookie, method, body) {
  const headers = { cookie, 'content-type': 'application/json' }
  const response = await fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }) })
  if (response.ok) return response
  const problem = `${method} ${new URL(url).pathname} was answered with ${response.status}`
  throw new Error(`${problem} ${await response.text()}`)
}

/** A property of a client is one text, unless its format differs. */
async function allowSeveral(ask, property) {
  const module = await (await ask('GET', 'mod/client/database')).json()
  module.parameters['data-format'][property] = { multiple: true, read: true, write: true }
  await ask('PUT', 'mod/client/database', module)
  await ask('PUT', 'mod/client/database/reset')
}

function clientOf({ id, secret, appUrl }) {
  return {
    client_id: id,
    client_secret: secret,
    token_endpoint_auth_method: ['client_secret_basic'],
    name: id,
    enabled: true,
    confidential: true,
    scope: ['openid'],
    authorization_type: ['code', 'refresh_token'],
    redirect_uri: [`${appUrl}/auth/callback`],
    post_logout_redirect_uris: [`${appUrl}/`],
    backchannel_logout_uri: `${appUrl}/auth/back-channel-logout`,
    backchannel_logout_session_required: '1',
  }
}

/** Refresh tokens are valid for one use. */
function plugin(issuer) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = { ...privateKey.export({ format: 'jwk' }), kid: 'key-1', alg: 'ES256' }
  const types = ['token', 'none', 'password', 'client', 'device']
  const parameters = {
    iss: issuer,
    'jwks-private': JSON.stringify({ keys: [key] }),
    'jwks-show': true,
    'jwt-type': 'ecdsa',
    'jwt-key-size': '256',
    'access-token-duration': 300,
    'refresh-token-duration': 3600,
    'code-duration': 60,
    'refresh-token-rolling': true,
    'refresh-token-one-use': 'always',
    'allow-non-oidc': true,
    ...Object.fromEntries(types.map((type) => [`auth-type-${type}-enabled`, false])),
    'auth-type-code-enabled': true,
    'auth-type-id-token-enabled': true,
    'auth-type-refresh-enabled': true,
    'pkce-allowed': true,
    'pkce-required': true,
    'introspection-revocation-allowed': true,
    'introspection-revocation-allow-target-client': true,
    'session-management-allowed': true,
    'back-channel-logout-allowed': true,
    'oauth-as-iss-id': true,
    'subject-type': 'public',
    'name-claim': 'mandatory',
    'email-claim': 'no',
    'scope-claim': 'no',
    'session-cookie-name': 'session',
    'session-cookie-expiration': 3600,
  }
  return { module: 'oidc', name: 'oidc', display_name: 'OpenID Connect', order_rank: 0, parameters }
}

function configuration(port, issuer, database) {
  const modules = { user: 'user', client: 'client', user_auth_scheme: 'scheme', plugin: 'plugin' }
  const settings = {
    port,
    bind_address: '127.0.0.1',
    external_url: issuer,
    api_prefix: 'api',
    login_url: 'login.html',
    log_mode: 'console',
    log_level: 'INFO',
    cookie_secure: 0,
    session_expiration: 3600,
    session_key: 'login',
    admin_scope: 'g_admin',
    profile_scope: 'g_profile',
    hash_algorithm: 'SHA512',
    ...Object.fromEntries(
      Object.entries(modules).map(([name, folder]) => [`${name}_module_path`, `/usr/lib/glewlwyd/${folder}`]),
    ),
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
  return [...lines, `database = { type = "sqlite3" path = "${database}" }`, ''].join('\n')
}
