import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { installed, start, temporaryFolder } from '../../scripts/services.mjs'
import { start as startGlewlwyd } from './glewlwyd.mjs'

/**
 * The authorization servers.
 *
 * - `options`: the options of Evertoken, by the URL of the server. Client ID and secret are added.
 * - `start`: starts the server.
 * - `apiPath`: an API of the server that accepts only its own access tokens.
 * - `revokes`, `endsSession`: `false` if the server cannot do that.
 * - `fields`: what the user types into the forms, by the name of the input.
 */
export const SERVERS = {
  'oidc-provider': {
    options: (url) => ({ issuer: url, authorizationParameters: { prompt: 'consent' } }),
    start: onNode('oidc-provider'),
    apiPath: '/me',
    fields: { login: 'ada' },
  },
  glewlwyd: {
    options: (url) => ({
      server: { issuer: url, metadata: `${url}/api/oidc/.well-known/openid-configuration` },
    }),
    start: startGlewlwyd,
    apiPath: '/api/oidc/userinfo',
  },
  'oauth2-mock-server': {
    options: (url) => ({ issuer: url }),
    start: onNode('oauth2-mock-server'),
    apiPath: '/userinfo',
  },
  '@node-oauth/oauth2-server': {
    options: (url) => ({
      server: profile(url, { authorization_endpoint: '/authorize', token_endpoint: '/token' }),
      scope: 'profile',
    }),
    start: onNode('node-oauth2-server'),
    apiPath: '/api',
    revokes: false,
    endsSession: false,
  },
  '@openauthjs/openauth': {
    options: (url) => ({ issuer: url, scope: 'profile', clientAuthentication: 'client_secret_post' }),
    start: async (settings, tools) => {
      const running = await onNode('openauth')(settings, tools)
      const readCode = async () => (await fetch(`${settings.url}/mailbox`)).text()
      return { ...running, fields: { code: readCode } }
    },
    apiPath: '/api',
    revokes: false,
    endsSession: false,
  },
  authlib: {
    options: (url) => ({
      server: profile(url, {
        authorization_endpoint: '/authorize',
        token_endpoint: '/token',
        revocation_endpoint: '/revoke',
        jwks_uri: '/jwks',
      }),
    }),
    start: onPython('authlib_server', ['python3-authlib', 'authlib'], ['python3-flask', 'flask']),
    apiPath: '/api',
    endsSession: false,
  },
  'django-oauth-toolkit': {
    options: (url) => ({
      server: profile(`${url}/o`, {
        authorization_endpoint: '/authorize/',
        token_endpoint: '/token/',
        revocation_endpoint: '/revoke_token/',
        jwks_uri: '/.well-known/jwks.json',
      }),
      scope: 'openid',
    }),
    start: onPython('django_server', ['python3-django-oauth-toolkit', 'oauth2_provider']),
    apiPath: '/o/userinfo/',
    endsSession: false,
    fields: { username: 'ada' },
  },
  doorkeeper: {
    options: (url) => ({ issuer: url, scope: 'openid' }),
    start: onRuby('doorkeeper', {
      'ruby-doorkeeper-openid-connect': 'doorkeeper-openid_connect',
      'ruby-activerecord': 'activerecord',
      'ruby-sqlite3': 'sqlite3',
      'ruby-webrick': 'webrick',
    }),
    apiPath: '/oauth/userinfo',
    endsSession: false,
  },
  'better-auth': {
    options: (url) => ({ issuer: `${url}/api/auth` }),
    start: onNode('better-auth'),
    apiPath: '/api/auth/oauth2/userinfo',
  },
  '@cloudflare/workers-oauth-provider': {
    options: (url) => ({ issuer: url, scope: 'profile' }),
    start: onNode('workers-oauth-provider'),
    apiPath: '/api',
    endsSession: false,
  },
}

/** A profile with metadata, for a server whose own metadata is missing or incomplete. The paths are below the issuer. */
function profile(issuer, paths) {
  const metadata = Object.entries(paths).map(([name, path]) => [name, issuer + path])
  return { issuer, metadata: Object.fromEntries(metadata) }
}

/** Starts a program on Node.js, with its settings as its argument. */
function onNode(name) {
  return (settings, { programs, node }) => startProgram(node, [join(programs, `${name}.mjs`)], settings, name)
}

async function startProgram(command, args, settings, name) {
  const folder = await temporaryFolder(name)
  return start(command, [...args, JSON.stringify(settings)], {
    ready: 'ready',
    // The programs in Python print it before they listen.
    port: settings.port,
    folder,
    stopSignal: 'SIGTERM',
  })
}

/** Starts a program on the Python of Debian, with Debian packages and the module of each. */
function onPython(name, ...packages) {
  return (settings, { programs }) => {
    for (const [debianPackage, module] of packages) {
      const place = `/usr/lib/python3/dist-packages/${module}`
      installed(debianPackage, () => (existsSync(place) ? place : undefined))
    }
    return startProgram('/usr/bin/python3', [join(programs, `${name}.py`)], settings, name)
  }
}

/** Starts a program on the Ruby of Debian, with Debian packages and the gem of each. */
function onRuby(name, packages) {
  return (settings, { programs }) => {
    for (const [debianPackage, gem] of Object.entries(packages)) installed(debianPackage, () => findGem(gem))
    return startProgram('/usr/bin/ruby', [join(programs, `${name}.rb`)], settings, name)
  }
}

/** Debian keeps the gems in a folder for each version of Ruby, and in one for all versions. */
function findGem(name) {
  const home = '/usr/share/rubygems-integration'
  if (!existsSync(home)) return undefined
  const folders = readdirSync(home).map((version) => join(home, version, 'specifications'))
  const gems = folders.filter(existsSync).flatMap((folder) => readdirSync(folder))
  return gems.find((gem) => gem.startsWith(`${name}-`))
}
