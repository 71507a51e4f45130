import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Auth0 } from './auth0.ts'
import type { Authkit } from './authkit.ts'
import type { Badgateway } from './badgateway.ts'

/** The peers that `npm run bench` measures. */
export interface Peers {
  readonly auth0: Auth0
  readonly authkit: Authkit
  readonly badgateway: Badgateway
}

/** Pinned: a plain install takes versions that fit the current Node version. */
const VERSIONS = {
  '@atproto/oauth-client': '0.8.7',
  '@auth0/auth0-server-js': '1.12.1',
  '@badgateway/oauth2-client': '3.3.1',
  '@hono/oidc-auth': '1.8.1',
  '@logto/client': '3.1.9',
  '@workos/authkit-session': '0.7.1',
  'better-auth': '1.7.25',
  hono: '4.13.19',
}

/** The file of each peer that is loaded. */
const ENTRIES = {
  atproto: `export { OAuthResponseError, SessionGetter } from '@atproto/oauth-client'
export { Runtime } from './node_modules/@atproto/oauth-client/dist/runtime.js'`,
  auth0: `export * from '@auth0/auth0-server-js'`,
  authkit: `export * from '@workos/authkit-session'`,
  badgateway: `export * from '@badgateway/oauth2-client'`,
  betterAuth: `export { betterAuth } from 'better-auth'
export { memoryAdapter } from 'better-auth/adapters/memory'
export { genericOAuth } from 'better-auth/plugins'`,
  logto: `export { createRequester, default as LogtoClient } from '@logto/client'`,
  oidcAuth: `export * from '@hono/oidc-auth'
export { Hono } from 'hono'
export { sign } from 'hono/jwt'`,
}

const FOLDER = new URL('../../.peers/', import.meta.url)

/** Installs the peers into a separate folder, which is not part of the repository. */
export function installPeers(): void {
  mkdirSync(FOLDER, { recursive: true })
  const manifest = { private: true, type: 'module', dependencies: VERSIONS }
  writeFileSync(new URL('package.json', FOLDER), JSON.stringify(manifest, undefined, 2))
  for (const [name, source] of Object.entries(ENTRIES)) {
    writeFileSync(new URL(`${name}.js`, FOLDER), `${source}\n`)
  }
  const command = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--silent']
  execFileSync('npm', command, { cwd: fileURLToPath(FOLDER), stdio: ['ignore', 'ignore', 'inherit'] })
}

/** Installs and loads the peers of `npm run bench`. */
export async function openPeers(): Promise<Peers> {
  installPeers()
  return {
    auth0: (await loadPeer('auth0')) as Auth0,
    authkit: (await loadPeer('authkit')) as Authkit,
    badgateway: (await loadPeer('badgateway')) as Badgateway,
  }
}

/** Loads an installed peer; the caller knows what it exports. */
export function loadPeer(name: keyof typeof ENTRIES): Promise<unknown> {
  return import(new URL(`${name}.js`, FOLDER).href)
}

export function versionOf(name: keyof typeof VERSIONS): string {
  return `${name} ${VERSIONS[name]}`
}
