import { isLoopback, type ResolverCall, untilWon } from '@evertoken/core/adapter'
import type { Requests } from '../discovery/documents.ts'
import type { McpServer } from '../discovery/find-server.ts'
import type { Notes } from './notes.ts'
import type { McpValues } from './options.ts'
import { type RegisteredClient, registerClient } from './register.ts'

/** A server, with the redirect URI for a registration that no owner begins. */
export type ConnectableServer = McpServer & { readonly redirectUri?: string | undefined }

/** The clients that Evertoken has registered for one issuer and one redirect URI. */
export interface RegisteredClients {
  /** Resolves to `undefined` if there is none, its secret expires, or the server has refused it. */
  find(): Promise<RegisteredClient | undefined>
  /** Registers a client, unless another process has done it. */
  register(): Promise<RegisteredClient>
}

/** A refusal that is confirmed after this time shows that the server has forgotten the client. In seconds. */
const CONFIRMED_SECONDS = 60
/** Refusals that are further apart have nothing to do with each other. In seconds. */
const RELATED_SECONDS = 3600
/** The age after which a client is stored again, in seconds, so that the store keeps one that is used. */
const RENEWED_SECONDS = 30 * 86_400
/** The time before its expiry at which a secret is replaced, in seconds: a user needs it to complete the sign-in. */
const EXPIRY_MARGIN_SECONDS = 900

/**
 * A new client ends the grants of the earlier one, so a single refusal must not cause it. It could be a temporary fault of the
 * server.
 *
 * @returns `undefined` if no redirect URI is known, because no owner has begun to connect.
 */
export async function createRegisteredClients(
  server: ConnectableServer,
  values: McpValues,
  { provider, lookUp, refusedClientId, grantClientId, clock, flights }: ResolverCall,
  notes: Notes,
  requests: Requests,
): Promise<RegisteredClients | undefined> {
  const { issuer } = server.metadata
  const usedUri = (clientId: string) => ['redirect', provider, issuer, clientId]
  const granted = grantClientId === undefined ? undefined : await notes.read(usedUri(grantClientId))
  const { uri: grantedUri } = Object(granted?.value) as { readonly uri?: string }
  // A server that has moved to another issuer then needs a new grant, as with any other client.
  const redirectUri = lookUp?.redirectUri ?? grantedUri ?? server.redirectUri
  if (redirectUri === undefined) return undefined
  // An application can have several origins, and each needs its own client.
  const name = ['client', provider, issuer, withoutLocalPort(redirectUri)]

  function isUsable(client: RegisteredClient): boolean {
    const now = clock.now()
    const isExpired = client.secretExpiresAt > 0 && client.secretExpiresAt < now + EXPIRY_MARGIN_SECONDS
    if (isExpired && lookUp?.redirectUri !== undefined) return false
    const age = now - (client.refusedAt ?? -Infinity)
    return client.clientId !== refusedClientId || age < CONFIRMED_SECONDS || age >= RELATED_SECONDS
  }

  async function storeUri({ clientId }: RegisteredClient): Promise<void> {
    await (await notes.read(usedUri(clientId))).replace({ uri: redirectUri as string })
  }

  async function work(): Promise<RegisteredClient> {
    const earlier = await notes.read(name)
    const known = earlier.value as RegisteredClient | undefined
    if (known && isUsable(known)) return known
    const registered = await registerClient(server, values, redirectUri as string, requests)
    const client: RegisteredClient = { ...registered, storedAt: clock.now() }
    let isWon = await earlier.replace(client)
    return untilWon(async () => {
      if (isWon) {
        await storeUri(client)
        return client
      }
      // Another process has registered a client at the same time. An owner might have begun with it.
      const note = await notes.read(name)
      const other = note.value as RegisteredClient | undefined
      if (other && isUsable(other)) return other
      isWon = await note.replace(client)
      return 'again'
    })
  }

  return {
    async find() {
      const note = await notes.read(name)
      const known = note.value as RegisteredClient | undefined
      if (!known || !isUsable(known)) return undefined
      const now = clock.now()
      const isNewRefusal =
        known.clientId === refusedClientId && now - (known.refusedAt ?? -Infinity) >= CONFIRMED_SECONDS
      const isOld = now - known.storedAt >= RENEWED_SECONDS
      if (isOld) await storeUri(known)
      if (!isNewRefusal && !isOld) return known
      if (await note.replace({ ...known, storedAt: now, ...(isNewRefusal && { refusedAt: now }) }))
        return known
      return ((await notes.read(name)).value as RegisteredClient | undefined) ?? known
    },
    register: () => flights.join(`mcp client ${JSON.stringify(name)}`, '', work, clock).result,
  }
}

/** Servers accept any port of a redirect URI on loopback (RFC 8252 §7.3), so one client is enough. */
function withoutLocalPort(redirectUri: string): string {
  const url = new URL(redirectUri)
  if (isLoopback(url.hostname)) url.port = ''
  return url.href
}
