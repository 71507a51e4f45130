import { createConnections } from '@evertoken/node/connections'
import type { ConnectionsOptions } from '@evertoken/node/connections'
import { sha256 } from '../../packages/core/src/mechanisms/runtime/digest.ts'
import type { Call, Result } from './chronicle.ts'
import type { How, Instance, InstanceParts } from './instance.ts'
import { failure, printed, resultOf } from './results.ts'
import { API } from './wire.ts'

export const PROVIDER = 'calendar'

/** The key of the connection of an owner in the store. */
export const connectionKey = (owner: string) => sha256(JSON.stringify(['connection', owner, PROVIDER]))

/** An instance that calls an API for the owners of stored connections. */
export function createConnectionInstance(
  { user, machine, chronicle, resourceServer }: InstanceParts,
  options: ConnectionsOptions,
): Instance {
  const connections = createConnections(options)

  async function obtain(how: How, owner: string, signal?: AbortSignal): Promise<Result> {
    const connection = connections.get(owner, PROVIDER)
    const wanted = signal ? { signal } : {}
    if (how === 'fetch') {
      const orders = connection.createTokenFetch({ baseUrl: `${API}/`, fetch: resourceServer })
      return resultOf(await orders('/recent', wanted), chronicle)
    }
    const token = await connection.getAccessToken(wanted)
    if (!token) return { kind: 'sign_in' }
    chronicle.texts.push({ where: 'a printed token', text: printed(token) })
    return { kind: 'token', token: token.value }
  }

  return {
    user,
    machine,
    async call(_browser, how, { sub, probe = false, cookies, signal }) {
      const stale = cookies !== undefined
      const began: Call = { instance: user.instance, sub, probe, stale, began: chronicle.moment() }
      chronicle.calls.push(began)
      const result = await obtain(how, sub, signal).catch((error: unknown) =>
        failure(error, chronicle, signal),
      )
      return Object.assign(began, { result, ended: chronicle.moment() })
    },
    async signIn(_browser, sub, tokens) {
      await connections.get(sub, PROVIDER).save(tokens, { claims: { sub } })
      return connectionKey(sub)
    },
    async signOut({ sub }) {
      await connections.get(sub, PROVIDER).disconnect()
    },
    async giveUp({ sub }) {
      await connections.get(sub, PROVIDER).disconnect()
    },
  }
}
