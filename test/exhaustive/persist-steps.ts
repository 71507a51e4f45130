import {
  withDoubt,
  withGrant,
  withNewerGrant,
  withSpare,
} from '../../packages/core/src/model/ledger-transitions.ts'
import { settle } from '../../packages/core/src/rules/refresh/settle.ts'
import {
  endHandling,
  type InstanceName,
  isLastOf,
  localStep,
  privateStep,
  readStore,
  type Step,
  storeSteps,
  swapStore,
  TIME,
} from './draft.ts'
import { ownerOf, type OwnerRecord } from './owners.ts'
import { grantOf, recordOf } from './records.ts'
import { revoke } from './servers.ts'
import type { Exchange, Instance, Snapshot, World } from './world.ts'

/** `LISTEN_MS` in `http.ts`. */
export const LISTEN_SECONDS = 65

export function isPersisting({ step }: Exchange): boolean {
  return step.startsWith('persist') || step === 'revoke'
}

/** `persist` in `persist.ts`. */
export function startPersist(instance: Instance, exchange: Exchange, known: Snapshot | null): void {
  exchange.persistAge = 0
  if (known) return settleResponse(instance, exchange, known)
  exchange.step = 'persist_read'
}

/** `persistOnce` in `persist.ts`, up to the swap. */
function settleResponse(instance: Instance, exchange: Exchange, now: Snapshot): void {
  const settlement = settle(recordOf(now.record), usedBy(exchange), true)
  if (settlement === 'adopt') return endHandling(instance, exchange, 'again')
  exchange.snapshot = { ...now }
  exchange.step = settlement === 'revoke' ? 'revoke' : 'persist_swap'
}

function usedBy({ message }: Exchange) {
  if (message?.answer.kind !== 'refreshed') throw new Error('There is nothing to persist')
  const { attempt, answer } = message
  const { refreshToken, number, late } = attempt
  // The refresh token stands for its own hash.
  const origin = { from: refreshToken, attempt: number, date: answer.date, late: late || undefined } as const
  return { ...origin, late: late ? (true as const) : undefined, refreshToken, key: '' }
}

/** `settled` in `persist.ts`. */
function settled(record: OwnerRecord, exchange: Exchange): OwnerRecord {
  const used = usedBy(exchange)
  if (exchange.message?.answer.kind !== 'refreshed') return record
  const { refreshToken } = exchange.message.answer
  const settlement = settle(record, used, true)
  const { ledger } = record
  const owner = ownerOf(record)
  if (settlement === 'spare') return owner.withLedger(record, withSpare(ledger, refreshToken))
  const { from, attempt, date, late } = used
  const origin = { from, attempt, date, late }
  const response = { grant: grantOf(refreshToken), key: '', attempt, rejected: undefined, origin }
  const granted =
    settlement === 'write'
      ? withGrant(ledger, response, TIME)
      : withNewerGrant(ledger, response, exchange.holder, TIME)
  const isOpen = !isLastOf(exchange)
  const next = ledger.attempt === attempt && !isOpen ? granted : withDoubt(granted)
  return owner.withResponse(record, response.grant, next)
}

export function persistSteps(world: World, name: InstanceName, index: number): Step[] {
  const exchange = world[name].exchanges[index] as Exchange
  const at = (instance: Instance) => instance.exchanges[index] as Exchange
  if (exchange.step === 'revoke')
    return [
      localStep(name, 'revokes the new refresh token', (draft, instance) =>
        giveUp(draft, instance, at(instance)),
      ),
    ]
  if (exchange.step === 'persist_guard')
    return [
      privateStep(name, 'reads what became of the swap', (_, instance) => lookAtSwap(instance, at(instance))),
    ]
  if (world.cutOff.includes(name)) {
    if (exchange.persistAge <= LISTEN_SECONDS) return []
    return [
      localStep(name, 'stops storing the new refresh token', (draft, instance) =>
        loseResponse(draft, instance, at(instance)),
      ),
    ]
  }
  if (exchange.step === 'persist_read')
    return storeSteps(
      world,
      name,
      'read',
      'reads the record to store the new refresh token',
      (draft, instance, outcome) => {
        if (outcome === 'ok') settleResponse(instance, at(instance), readStore(draft))
      },
    )
  return storeSteps(world, name, 'swap', 'stores the new refresh token', (draft, instance, outcome) => {
    const current = at(instance)
    const { snapshot } = current
    const isMade = outcome !== 'error' && snapshot
    const record = snapshot && recordOf(snapshot.record)
    const stored = isMade && record ? swapStore(draft, snapshot, settled(record, current)) : undefined
    if (!stored || !record) return void Object.assign(current, { step: 'persist_read', snapshot: null })
    if (outcome === 'response_lost')
      return void Object.assign(current, { step: 'persist_guard', snapshot: stored })
    const isSpare = settle(record, usedBy(current), true) === 'spare'
    endHandling(instance, current, isSpare ? 'again' : 'served')
  })
}

/** `guarded-store.ts` reads the record again when a swap fails. */
function lookAtSwap(instance: Instance, exchange: Exchange): void {
  const isMade = exchange.snapshot?.isCurrent === true
  if (!isMade) return void Object.assign(exchange, { step: 'persist_read', snapshot: null })
  const isSpare = recordOf(exchange.snapshot?.record ?? 0).ledger.refreshToken !== newTokenOf(exchange)
  endHandling(instance, exchange, isSpare ? 'again' : 'served')
}

function newTokenOf({ message }: Exchange): string {
  return message?.answer.kind === 'refreshed' ? message.answer.refreshToken : ''
}

function giveUp(draft: World, instance: Instance, exchange: Exchange): void {
  revoke(draft.server, newTokenOf(exchange))
  // The record has the grant of another account by now.
  const isReplaced = exchange.snapshot && !recordOf(exchange.snapshot.record).ended
  endHandling(instance, exchange, isReplaced ? 'again' : 'served')
}

function loseResponse(draft: World, instance: Instance, exchange: Exchange): void {
  draft.facts.isReported = true
  draft.facts.gaveUp = true
  // An error ends `listenOn`, whatever is still open.
  if (!exchange.isMain) exchange.open = []
  endHandling(instance, exchange, 'failed')
}
