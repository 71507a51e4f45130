import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Miniflare } from 'miniflare'

const { port, url, appUrl, client, user, lifetimeSeconds } = JSON.parse(process.argv[2])

const library = createRequire(import.meta.url).resolve('@cloudflare/workers-oauth-provider')
const module = (path, file) => ({ type: 'ESModule', path, contents: readFileSync(file, 'utf8') })
const local = (name) => module(name, new URL(name, import.meta.url))
const miniflare = new Miniflare({
  host: '127.0.0.1',
  port,
  compatibilityDate: '2026-07-01',
  modules: [
    local('workers-oauth-provider.worker.mjs'),
    local('sign-in-page.mjs'),
    module('@cloudflare/workers-oauth-provider', library),
  ],
  kvNamespaces: ['OAUTH_KV'],
  bindings: { URL: url, USER: user, LIFETIME_SECONDS: lifetimeSeconds },
})
const store = await miniflare.getKVNamespace('OAUTH_KV')
const registered = {
  clientId: client.id,
  // Stored as `createClient` of the library does it, which chooses the ID itself.
  clientSecret: createHash('sha256').update(client.secret).digest('hex'),
  redirectUris: [`${appUrl}/auth/callback`],
  grantTypes: ['authorization_code', 'refresh_token'],
  responseTypes: ['code'],
  tokenEndpointAuthMethod: 'client_secret_basic',
}
await store.put(`client:${client.id}`, JSON.stringify(registered))
process.once('SIGTERM', () => void miniflare.dispose().then(() => process.exit()))
console.log('ready')
