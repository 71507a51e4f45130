import { type ClientCredentials, createMemoryStore } from '@evertoken/core'
import { evertoken } from '@evertoken/deno'
import { createClientTokens } from '@evertoken/deno/client'
import { createMtlsFetch } from '@evertoken/deno/mtls'
import type { Host } from '../program/world.ts'
import { runScript } from './script.ts'

declare const Deno: { readonly args: readonly string[]; exit(): never }

const host: Host = {
  runtime: 'deno',
  createApplication: (options) => evertoken<ClientCredentials>({ ...options, store: createMemoryStore() }),
  createClientTokens,
  mtlsFetch: (name, { identities, authorityCertificate }) =>
    createMtlsFetch({ ...identities[name], ca: authorityCertificate }),
}

await runScript(host, Deno.args)
Deno.exit()
