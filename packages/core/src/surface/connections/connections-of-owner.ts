import type { FindRevokingServer } from '../../mechanisms/connections/connection-revocation.ts'
import { forEachInParallel } from '../../mechanisms/runtime/in-batches.ts'
import type { ConnectionId } from '../../model/connection-record.ts'
import type { ConnectionApplication } from './connection-application.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import { checkOwner, splitName } from './connection-names.ts'
import { stateOf } from './connection-state.ts'
import type { DisconnectedConnection, ListedConnection } from './connection-types.ts'

/** How many grants of one owner are revoked at the same time. */
const PARALLEL_REVOCATIONS = 8

/** @throws {OperatorError} If a record cannot be read. */
export async function listConnections(
  { store, clients, host }: ConnectionApplication,
  owner: string,
): Promise<readonly ListedConnection[]> {
  checkOwner(owner)
  const listed: ListedConnection[] = []
  for (const held of await store.readAll(owner)) {
    if (!held.record) throw held.error
    if (held.record.ended) continue
    listed.push({ name: held.record.name, ...stateOf(held.record, clients, host.clock.now()) })
  }
  return listed.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** Removes the connections of an owner, also tombstones whose grant is not revoked yet. */
export async function disconnectAll(
  application: ConnectionApplication,
  owner: string,
  keepAlive: KeepAlive,
): Promise<readonly DisconnectedConnection[]> {
  checkOwner(owner)
  const { store, changes } = application
  const outcomes: DisconnectedConnection[] = []
  await forEachInParallel(await store.readAll(owner), PARALLEL_REVOCATIONS, async (held) => {
    const { id: key, name } = held.record ?? { id: held.key, name: '' }
    const ref = { key, owner, name }
    const outcome = await changes.disconnect(ref, serverFinderOf(application, ref), keepAlive)
    outcomes.push({ name: held.record?.name, outcome })
  })
  return outcomes
}

/** Returns a function that finds the client of a provider, which the application can have removed. */
export function serverFinderOf(
  { clients }: Pick<ConnectionApplication, 'clients'>,
  { owner, name }: ConnectionId,
): FindRevokingServer {
  const { provider, label } = splitName(name)
  return async (grantClientId) =>
    clients.isResolved(provider)
      ? (await clients.clientFor(provider, { owner, label }, undefined, grantClientId)).server
      : clients.knownClient(provider)?.server
}
