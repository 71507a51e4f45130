import {
  type ClientCredentials,
  createMemoryStore,
  evertoken,
  type WorkerContext,
} from '@evertoken/cloudflare'
import { createClientTokens } from '@evertoken/cloudflare/client'
import { type RowResult, runRows } from '../program/run.ts'
import type { Config, Host } from '../program/world.ts'

interface Env {
  readonly CONFIG: string
  readonly ONLY: string
  /** The bindings of the certificates. */
  readonly issued: { readonly fetch: typeof fetch }
  readonly selfSigned: { readonly fetch: typeof fetch }
}

export default {
  async fetch(_request: Request, env: Env, ctx: WorkerContext): Promise<Response> {
    const config = JSON.parse(env.CONFIG) as Config
    const { origin } = new URL(config.mtlsApi)
    const host: Host = {
      runtime: 'workerd',
      createApplication: (options) =>
        evertoken<unknown, ClientCredentials>({ ...options, store: createMemoryStore() }).bind(env, ctx),
      createClientTokens: (options) => createClientTokens(options).bind(env, ctx),
      // Here, a binding leads to one server. On the platform, it leads to all.
      mtlsFetch: (name) => (input, init) =>
        new Request(input).url.startsWith(origin) ? env[name].fetch(input, init) : fetch(input, init),
    }
    const results: RowResult[] = []
    await runRows(host, config, env.ONLY, (result) => void results.push(result))
    return Response.json(results)
  },
}
