import { type ClientCredentials, createMemoryStore, evertoken } from '@evertoken/node'
import { createClientTokens } from '@evertoken/node/client'
import { createMtlsFetch } from '@evertoken/node/mtls'
import type { Host } from '../program/world.ts'
import { runScript } from './script.ts'

const host: Host = {
  runtime: 'Bun' in globalThis ? 'bun' : 'node',
  createApplication: (options) => evertoken<ClientCredentials>({ ...options, store: createMemoryStore() }),
  createClientTokens,
  mtlsFetch: (name, { identities, authorityCertificate }) =>
    createMtlsFetch({ ...identities[name], ca: authorityCertificate }),
}

await runScript(host, process.argv.slice(2))
process.exit()
