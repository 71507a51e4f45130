import { withDoubt, withLastWait, withSpareInUse } from '../../packages/core/src/model/ledger-transitions.ts'
import type { TokenLedger } from '../../packages/core/src/model/token-ledger.ts'
import { type Rejection, settleRejection } from '../../packages/core/src/rules/refresh/settle.ts'
import {
  endHandling,
  type InstanceName,
  keptRecord,
  readStore,
  type Step,
  storeSteps,
  swapLedger,
  swapStore,
} from './draft.ts'
import { LISTEN_SECONDS } from './persist-steps.ts'
import { NOW, ownerOf, type OwnerRecord } from './owners.ts'
import { recordOf } from './records.ts'
import type { Exchange, Instance, World } from './world.ts'

/** `handleRejection` and `endGrant` in `rejection.ts`. */
export function rejectionSteps(world: World, name: InstanceName, index: number): Step[] {
  const { step } = world[name].exchanges[index] as Exchange
  type Act = (draft: World, instance: Instance, exchange: Exchange) => void
  const store = (operation: 'read' | 'swap', text: string, act: Act) =>
    storeSteps(world, name, operation, text, (draft, instance, outcome) => {
      const exchange = instance.exchanges[index] as Exchange
      // The error reaches the callers. The lease stays in the record until it lapses.
      const isLost = outcome === 'error'
      if (isLost) endHandling(instance, exchange, 'failed')
      else act(draft, instance, exchange)
    })
  switch (step as string) {
    case 'reject_read':
      return store('read', 'reads the record after the rejection', handleRejection)
    case 'change_read':
      return store('read', 'reads the record to change it', (draft, instance, exchange) => {
        const record = keptRecord(draft)
        const isSame = record && judge(draft, record, exchange) === exchange.verdict
        const isNeeded = isSame && change(record.ledger, exchange) !== record.ledger
        if (isNeeded) Object.assign(exchange, { step: 'change_swap', snapshot: readStore(draft) })
        else finishChange(draft, instance, exchange)
      })
    case 'change_swap':
      return store('swap', 'changes the record after the rejection', (draft, instance, exchange) => {
        const record = exchange.snapshot && recordOf(exchange.snapshot.record)
        const isWon = record && swapLedger(draft, exchange.snapshot, change(record.ledger, exchange))
        if (!isWon) return void Object.assign(exchange, { step: 'change_read', snapshot: null })
        if (exchange.verdict === 'use_spare') draft.facts.spareUses++
        if (exchange.verdict === 'wait') draft.facts.lastWaits++
        finishChange(draft, instance, exchange)
      })
    case 'end_read':
      return store('read', 'reads the record to end the session', (draft, instance, exchange) => {
        const record = keptRecord(draft)
        const verdict = judge(draft, record, exchange)
        if (verdict === 'replaced') return void Object.assign(exchange, { step: 'change_read', verdict })
        if (!record || verdict === 'again') return endHandling(instance, exchange, 'again')
        if (exchange.message?.attempt.inDoubt) draft.facts.isReported = true
        Object.assign(exchange, { step: 'end_swap', snapshot: readStore(draft) })
      })
    case 'end_swap':
      return store('swap', 'ends the session', (draft, instance, exchange) => {
        const record = exchange.snapshot && recordOf(exchange.snapshot.record)
        const isWon = record && swapStore(draft, exchange.snapshot, ownerOf(record).refuse(record))
        if (isWon) endHandling(instance, exchange, 'served')
        else Object.assign(exchange, { step: 'end_read', snapshot: null })
      })
    default:
      return []
  }
}

function judge({ server }: World, record: OwnerRecord | undefined, { message }: Exchange): Rejection {
  if (!message) throw new Error('The rejection is missing')
  const { refreshToken, number: attempt } = message.attempt
  return settleRejection(record, { refreshToken, attempt, key: '' }, server.name === 'strict')
}

function handleRejection(draft: World, instance: Instance, exchange: Exchange): void {
  const verdict = judge(draft, keptRecord(draft), exchange)
  if (verdict === 'again') return forgetRejection(draft, instance, exchange)
  if (verdict !== 'replaced' && !exchange.isLast)
    return exchange.isMain
      ? void Object.assign(exchange, { step: 'listen', message: null })
      : endHandling(instance, exchange, 'again')
  Object.assign(exchange, { step: verdict === 'end' ? 'end_read' : 'change_read', verdict })
}

/** `reportRefused` of `flight.ts`: another process uses the refused token. The flight waits for it, and reports. */
function forgetRejection(draft: World, instance: Instance, exchange: Exchange): void {
  if (keptRecord(draft)) draft.facts.isReported = true
  endHandling(instance, exchange, 'again')
}

function change(ledger: TokenLedger, { verdict }: Exchange): TokenLedger {
  if (verdict === 'replaced') return withDoubt(ledger)
  if (verdict === 'use_spare') return withSpareInUse(ledger)
  return withLastWait(ledger, 'refresh_outcome_unknown', { wall: NOW }, LISTEN_SECONDS)
}

function finishChange(draft: World, instance: Instance, exchange: Exchange): void {
  if (exchange.verdict === 'replaced') draft.facts.isReported = true
  endHandling(instance, exchange, 'again')
}
