import type { TimeReading } from '../../packages/core/src/model/time-reading.ts'
import type { TokenLedger } from '../../packages/core/src/model/token-ledger.ts'
import { NOW, ownerOf, type OwnerRecord } from './owners.ts'
import { idOf, recordOf } from './records.ts'
import type { Exchange, Flight, Instance, Message, Snapshot, World } from './world.ts'

/** One thing that can happen next. Time passes only when no urgent step is left. */
export interface Step {
  readonly text: string
  readonly isUrgent: boolean
  /** The process that takes it. */
  readonly owner?: InstanceName
  /** It changes nothing that another process, the server or the store can see. */
  readonly isPrivate?: true
  /** Changes a copy of the world. */
  readonly apply: (draft: World) => void
}

export type InstanceName = 'A' | 'B'
export const instanceNames: readonly InstanceName[] = ['A', 'B']

/** The time of every rule: see `NOW`. */
export const TIME: TimeReading = { wall: NOW }

/** Copies everything that a step can change. This is most of the work, so it is written out. */
export function copyOf(world: World): World {
  const { A, B, requests, sent, server, signOut, consents, facts } = world
  return {
    ...world,
    A: copyOfInstance(A),
    B: copyOfInstance(B),
    requests: requests.map((each) => ({ ...each, answer: each.answer && { ...each.answer } })),
    sent: sent.map((each) => ({ ...each })),
    server: {
      ...server,
      isGrantOver: [...server.isGrantOver],
      issued: server.issued.map((each) => ({ ...each })),
    },
    signOut: { ...signOut, snapshot: copyOfSnapshot(signOut.snapshot) },
    consents: consents.map((each) => ({ ...each, snapshot: copyOfSnapshot(each.snapshot) })),
    facts: { ...facts },
  }
}

function copyOfInstance(instance: Instance): Instance {
  const { flight, exchanges, giving, unsent } = instance
  return {
    ...instance,
    flight: flight && { ...flight, snapshot: copyOfSnapshot(flight.snapshot), sends: { ...flight.sends } },
    exchanges: exchanges.map(copyOfExchange),
    giving: giving && { ...giving, snapshot: copyOfSnapshot(giving.snapshot) },
    unsent: [...unsent],
  }
}

function copyOfExchange(exchange: Exchange): Exchange {
  const { open, mail, message, leased, snapshot, task } = exchange
  return {
    ...exchange,
    open: open.map((each) => ({ ...each })),
    mail: mail.map(copyOfMessage),
    message: message && copyOfMessage(message),
    leased: copyOfSnapshot(leased),
    snapshot: copyOfSnapshot(snapshot),
    task: task && { ...task, snapshot: copyOfSnapshot(task.snapshot) },
  }
}

function copyOfMessage({ attempt, answer }: Message): Message {
  return { attempt, answer: { ...answer } }
}

function copyOfSnapshot(snapshot: Snapshot | null): Snapshot | null {
  return snapshot && { ...snapshot }
}

/** Everything that some process remembers of the record. */
export function* snapshotsOf(world: World): Generator<Snapshot> {
  for (const name of instanceNames) {
    const { flight, exchanges, giving } = world[name]
    if (flight?.snapshot) yield flight.snapshot
    if (giving?.snapshot) yield giving.snapshot
    for (const { leased, snapshot, task } of exchanges) {
      if (leased) yield leased
      if (snapshot) yield snapshot
      if (task?.snapshot) yield task.snapshot
    }
  }
  for (const { snapshot } of [world.signOut, ...world.consents]) if (snapshot) yield snapshot
}

/** `cell.readIncludingEnded`. */
export function readStore({ store }: World): Snapshot {
  return { record: store, isCurrent: true }
}

/** The record that `cell.read` and `cell.readIgnoringExpiry` resolve to. */
export function keptRecord({ store }: World): OwnerRecord | undefined {
  const record = recordOf(store)
  return record.ended ? undefined : record
}

/** `cell.swap`. Resolves to `undefined` if the record has changed since the snapshot. */
export function swapStore(
  draft: World,
  from: Snapshot | null,
  to: OwnerRecord | null,
  isConsent = false,
): Snapshot | undefined {
  if (!from?.isCurrent || !to) return undefined
  if (recordOf(draft.store).ended && !to.ended && !isConsent)
    draft.facts.broken = 'an owner that had ended came back'
  for (const snapshot of snapshotsOf(draft)) snapshot.isCurrent = false
  draft.store = idOf(to)
  return readStore(draft)
}

/** `cell.swapLedger`. */
export function swapLedger(draft: World, from: Snapshot | null, ledger: TokenLedger): Snapshot | undefined {
  const record = from && recordOf(from.record)
  return swapStore(draft, from, record && ownerOf(record).withLedger(record, ledger))
}

export type StoreOutcome = 'ok' | 'error' | 'response_lost'

/**
 * An operation of the store, and the faults that it can have: it fails, or only its response is lost. A store that a
 * process cannot reach gives errors.
 */
export function storeSteps(
  world: World,
  name: InstanceName,
  operation: 'read' | 'swap',
  text: string,
  act: (draft: World, instance: Instance, outcome: StoreOutcome) => void,
): Step[] {
  const step = (outcome: StoreOutcome, fault: string): Step => ({
    text: `${name} ${text}${fault && `: ${fault}`}`,
    owner: name,
    isUrgent: outcome === 'ok' || world.cutOff.includes(name),
    apply(draft) {
      if (fault && !world.cutOff.includes(name)) draft.facts.fault = 'other'
      act(draft, draft[name], outcome)
    },
  })
  if (world.cutOff.includes(name)) return [step('error', 'the store is out of reach')]
  if (world.facts.fault) return [step('ok', '')]
  const faults = [step('error', 'the store fails')]
  if (operation === 'swap') faults.push(step('response_lost', 'made, but the response is lost'))
  return [step('ok', ''), ...faults]
}

export function localStep(
  name: InstanceName,
  text: string,
  act: (draft: World, instance: Instance) => void,
): Step {
  return { text: `${name} ${text}`, owner: name, isUrgent: true, apply: (draft) => act(draft, draft[name]) }
}

/** As `localStep`, for steps that no other process can notice. */
export function privateStep(...args: Parameters<typeof localStep>): Step {
  return { ...localStep(...args), isPrivate: true }
}

/** `fly` in `refresher.ts` comes to its end, and with it `giveBack` in `lease.ts`. */
export function endFlight(instance: Instance, result: 'served' | 'failed'): void {
  const { flight } = instance
  if (!flight) throw new Error('The flight is over')
  if (result === 'served') instance.isServed = true
  else instance.mayCall = false
  instance.flight = null
  if (flight.lease !== 'taken') return
  instance.unsent.push(flight.holder)
  instance.giving = { holder: flight.holder, step: 'read', snapshot: null }
}

export type ExchangeResult = 'again' | 'served' | 'failed'

/** One response was handled. In the main part of `exchange`, that ends it, and `finish` runs. */
export function endHandling(instance: Instance, exchange: Exchange, result: ExchangeResult): void {
  Object.assign(exchange, { step: 'listen', message: null, snapshot: null, verdict: '', persistAge: 0 })
  Object.assign(exchange, { isLast: false, mayRetry: false })
  if (exchange.isMain) {
    Object.assign(exchange, { isMain: false, isHolder: false, isTickDue: false, leased: null })
    if (result === 'again') flightOf(instance).step = 'read'
    else endFlight(instance, result)
  }
  // `while (open.size > 0)` in `listenOn`, and the same condition in `finish`.
  dropFinished(instance)
}

/** Whether no other request of the exchange can still bring a response. */
export function isLastOf({ open, mail }: Exchange): boolean {
  return open.length === 0 && mail.length === 0
}

export function dropFinished(instance: Instance): void {
  instance.exchanges = instance.exchanges.filter(
    ({ isMain, open, mail, task, step }) =>
      isMain || open.length > 0 || mail.length > 0 || task || step !== 'listen',
  )
}

export function flightOf({ flight }: Instance): Flight {
  if (!flight) throw new Error('The flight is over')
  return flight
}
