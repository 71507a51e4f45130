import { withBeat, withDoubt, withLease } from '../../packages/core/src/model/ledger-transitions.ts'
import { maySendAgain } from '../../packages/core/src/rules/refresh/second-send.ts'
import {
  dropFinished,
  type InstanceName,
  keptRecord,
  localStep,
  privateStep,
  readStore,
  type Step,
  storeSteps,
  swapLedger,
} from './draft.ts'
import { isLate, isTooLate, latestSendOf } from './flight-steps.ts'
import { recordOf } from './records.ts'
import { REQUEST_TIMEOUT_SECONDS, sendFrom } from './send.ts'
import { policyOf } from './servers.ts'
import type { Exchange, Instance, KeepLease, World } from './world.ts'

/** `tick` and `keepLease` in `exchange.ts`. */
export function keepLeaseSteps(world: World, name: InstanceName): Step[] {
  return world[name].exchanges.flatMap((exchange, index) => {
    if (exchange.task) return taskSteps(world, name, index, exchange.task)
    const isIdle = exchange.isTickDue && exchange.isHolder && exchange.step === 'listen'
    return isIdle && exchange.mail.length === 0 ? tickSteps(world, name, index) : []
  })
}

/** `isSecondSendDue` in `exchange.ts`. The evidence that the server responds is there, or it is not. */
function tickSteps(world: World, name: InstanceName, index: number): Step[] {
  const may = secondSend(world, name, index)
  const start = (text: string, step: KeepLease['step'], isBlind: boolean) =>
    privateStep(name, text, (draft, instance) => {
      const exchange = instance.exchanges[index] as Exchange
      exchange.isTickDue = false
      exchange.task = { step, snapshot: null, isUnsure: false, late: false, monotonic: 0, wall: 0 }
      if (isBlind) draft.facts.noEvidence = true
    })
  const alive = start('wants to show that it is alive', 'beat_read', may === 'with_evidence')
  if (may === 'no') return [alive]
  const again = start('wants to send the refresh token again', 'send_read', false)
  return may === 'yes' ? [again] : [again, alive]
}

export function secondSend(world: World, name: InstanceName, index: number): 'yes' | 'no' | 'with_evidence' {
  const { flight, exchanges } = world[name]
  const { open } = exchanges[index] as Exchange
  if (!flight || open.length === 0) return 'no'
  return maySendAgain(policyOf(world.server.name), {
    sends: flight.sends.count,
    sinceFirstMs: flight.sends.age * 1000,
    sinceLastMs: Math.min(...open.map(({ age }) => age)) * 1000,
    serverTimeoutMs: REQUEST_TIMEOUT_SECONDS * 1000,
  })
}

function taskSteps(world: World, name: InstanceName, index: number, { step }: KeepLease): Step[] {
  type Act = (draft: World, instance: Instance, exchange: Exchange, task: KeepLease) => KeepLease | null
  const run = (act: Act) => (draft: World, instance: Instance) => {
    const exchange = instance.exchanges[index] as Exchange
    exchange.task = act(draft, instance, exchange, exchange.task as KeepLease)
    dropFinished(instance)
  }
  const store = (operation: 'read' | 'swap', text: string, act: Act) =>
    storeSteps(world, name, operation, text, (draft, instance, outcome) =>
      // A beat that fails is tried again. A take that fails is treated as never sent when the flight ends.
      run((...args) => {
        if (outcome === 'error') return null
        const task = act(...args)
        return task && outcome === 'response_lost' ? { ...task, isUnsure: true } : task
      })(draft, instance),
    )
  switch (step) {
    case 'beat_read':
      return store('read', 'reads the record before a beat', (draft, _, exchange, task) => {
        const isHolder = keptRecord(draft)?.ledger.lease?.holder === exchange.holder
        exchange.isHolder &&= isHolder
        const isNeeded = isHolder && exchange.open.length > 0
        return isNeeded ? { ...task, step: 'beat_swap', snapshot: readStore(draft) } : null
      })
    case 'beat_swap':
      return store('swap', 'shows that it is alive', beat)
    case 'send_read':
      return store('read', 'reads the record before a second send', (draft, _, exchange, task) => {
        const record = keptRecord(draft)
        exchange.isHolder &&= record?.ledger.lease?.holder === exchange.holder
        if (!exchange.isHolder || record?.ledger.refreshToken !== exchange.open[0]?.refreshToken) return null
        return { ...task, step: 'send_swap', snapshot: readStore(draft), monotonic: 0, wall: 0 }
      })
    case 'send_swap':
      return store('swap', 'takes the lease for a second send', takeAgain)
    case 'send_check':
      return [privateStep(name, 'checks how long that swap took', run(checkAgain))]
    case 'send':
      return [
        localStep(
          name,
          'sends the refresh token a second time',
          run((draft, instance, exchange, task) => {
            if (!task.snapshot) throw new Error('The lease is missing')
            if (instance.flight?.holder === exchange.holder) instance.flight.lease = 'used'
            exchange.open.push(sendFrom(draft, instance, exchange.holder, task.snapshot, task.late))
            return null
          }),
        ),
      ]
  }
}

function beat(draft: World, _: Instance, exchange: Exchange, { snapshot }: KeepLease): null {
  const beaten = snapshot && swapLedger(draft, snapshot, withBeat(recordOf(snapshot.record).ledger))
  if (!beaten) return null
  if (exchange.isMain) exchange.leased = beaten
  stopWatching(draft)
  return null
}

/** Processes that wait see a beat that they did not see before. */
export function stopWatching({ A, B }: World): void {
  for (const { flight } of [A, B]) if (flight) Object.assign(flight, { watching: -1, watched: 0 })
}

/** `sendAgain` in `exchange.ts`. */
function takeAgain(
  draft: World,
  { flight, unsent }: Instance,
  exchange: Exchange,
  task: KeepLease,
): KeepLease | null {
  if (!task.snapshot) return null
  const ledger = withDoubt(recordOf(task.snapshot.record).ledger)
  const isUnsent = ledger.lease !== undefined && unsent.includes(ledger.lease.holder)
  if (flight?.holder === exchange.holder) flight.lease = 'taken'
  const snapshot = swapLedger(draft, task.snapshot, withLease(ledger, exchange.holder, isUnsent))
  return snapshot ? { ...task, step: 'send_check', snapshot } : null
}

function checkAgain(
  draft: World,
  { flight }: Instance,
  exchange: Exchange,
  task: KeepLease,
): KeepLease | null {
  if (task.isUnsure && !task.snapshot?.isCurrent) return null
  const late = isLate(task)
  if (flight && isTooLate(flight, task, latestSendOf(draft.server))) return null
  if (exchange.open.length === 0) return null
  exchange.leased = exchange.isMain ? task.snapshot && { ...task.snapshot } : null
  return { ...task, step: 'send', late, isUnsure: false, monotonic: 0, wall: 0 }
}
