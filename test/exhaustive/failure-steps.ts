import { decide } from '../../packages/core/src/rules/refresh/decide.ts'
import { withBackOff, withDoubt, withoutLease } from '../../packages/core/src/model/ledger-transitions.ts'
import type { TokenLedger } from '../../packages/core/src/model/token-ledger.ts'
import type { ErrorCode } from '../../packages/core/src/vocabulary/index.ts'
import {
  endHandling,
  flightOf,
  type InstanceName,
  keptRecord,
  readStore,
  type Step,
  storeSteps,
  swapLedger,
  TIME,
} from './draft.ts'
import { isOldToken, refreshPolicy, WANTED } from './flight-steps.ts'
import { NOW } from './owners.ts'
import { recordOf } from './records.ts'
import { policyOf, type Server } from './servers.ts'
import type { Exchange, FailureKind, Instance, World } from './world.ts'

const MAX_SENDS = 3

const CODES: Record<FailureKind, ErrorCode> = {
  misconfigured: 'client_rejected',
  not_processed: 'authorization_server_unavailable',
  ambiguous: 'refresh_outcome_unknown',
}

/** `recover` in `failure.ts`. */
export function startRecovery(draft: World, instance: Instance, exchange: Exchange, kind: FailureKind): void {
  const { count, age } = flightOf(instance).sends
  const mayRetry = count < MAX_SENDS && mayRetryAfter(kind, age, draft.server)
  Object.assign(exchange, { step: 'release_read', mayRetry })
}

/** `mayRetry` in `failure.ts`. */
function mayRetryAfter(kind: FailureKind, age: number, { name }: Server): boolean {
  if (kind === 'misconfigured') return false
  const reuse = policyOf(name)
  if (kind === 'not_processed' || reuse === 'tolerant') return true
  if (reuse === 'strict') return false
  return age < reuse.graceSeconds / 2
}

export function releaseSteps(world: World, name: InstanceName, index: number): Step[] {
  const { step } = world[name].exchanges[index] as Exchange
  type Act = (draft: World, instance: Instance, exchange: Exchange) => void
  const store = (operation: 'read' | 'swap', text: string, act: Act) =>
    storeSteps(world, name, operation, text, (draft, instance, outcome) => {
      const exchange = instance.exchanges[index] as Exchange
      if (outcome !== 'error') act(draft, instance, exchange)
      else if (exchange.mayRetry) retry(instance, exchange)
      else endHandling(instance, exchange, 'failed')
    })
  switch (step as string) {
    case 'release_read':
      return store('read', 'reads the record after a failure', (draft, instance, exchange) => {
        const isMine = keptRecord(draft)?.ledger.lease?.holder === exchange.holder
        if (isMine) Object.assign(exchange, { step: 'release_swap', snapshot: readStore(draft) })
        else afterRelease(instance, exchange)
      })
    case 'release_swap':
      return store('swap', 'releases the lease after a failure', (draft, instance, exchange) => {
        const record = exchange.snapshot && recordOf(exchange.snapshot.record)
        const isWon = record && swapLedger(draft, exchange.snapshot, released(record.ledger, exchange))
        if (isWon) afterRelease(instance, exchange)
        else Object.assign(exchange, { step: 'release_read', snapshot: null })
      })
    case 'release_look':
      return store('read', 'reads the record for its callers', lookAfterRelease)
    default:
      return []
  }
}

/** `release` in `failure.ts`. */
function released(ledger: TokenLedger, { message, mayRetry }: Exchange): TokenLedger {
  if (!message || message.answer.kind === 'refreshed' || message.answer.kind === 'rejected') return ledger
  const { kind } = message.answer
  const next = mayRetry ? withoutLease(ledger) : withBackOff(ledger, CODES[kind], { wall: NOW })
  return message.attempt.inDoubt || kind === 'ambiguous' ? withDoubt(next) : next
}

function afterRelease(instance: Instance, exchange: Exchange): void {
  if (exchange.mayRetry) retry(instance, exchange)
  else Object.assign(exchange, { step: 'release_look', snapshot: null })
}

function retry(instance: Instance, exchange: Exchange): void {
  endHandling(instance, exchange, 'again')
  flightOf(instance).step = 'pause'
}

function lookAfterRelease(draft: World, instance: Instance, exchange: Exchange): void {
  const record = keptRecord(draft)
  const isSame = record && record.ledger.attempt === exchange.message?.attempt.number
  if (!isSame) return endHandling(instance, exchange, 'again')
  const next = decide(record, WANTED, TIME, refreshPolicy(draft.server))
  const isServed = next.do === 'serve' && !isOldToken(draft)
  endHandling(instance, exchange, isServed ? 'served' : 'failed')
}
