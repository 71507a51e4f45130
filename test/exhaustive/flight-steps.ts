import {
  decide,
  lapseSeconds,
  latestSendSeconds,
  type LeaseState,
  type RefreshPolicy,
} from '../../packages/core/src/rules/refresh/decide.ts'
import { withLease } from '../../packages/core/src/model/ledger-transitions.ts'
import type { RefreshLease } from '../../packages/core/src/model/token-ledger.ts'
import {
  endFlight,
  flightOf,
  type InstanceName,
  keptRecord,
  localStep,
  privateStep,
  readStore,
  type Step,
  storeSteps,
  swapLedger,
  TIME,
} from './draft.ts'
import { createFlight } from './first-world.ts'
import { freeHolder } from './holders.ts'
import { recordOf } from './records.ts'
import { sendFrom } from './send.ts'
import { policyOf, type Server } from './servers.ts'
import type { Flight, Instance, World } from './world.ts'

export const WANTED = { key: '' }
/** `MAX_WAIT_MS` in `refresher.ts`. */
export const MAX_WAIT_SECONDS = 60
/** `MAX_LOOK_MS` in `lease.ts`, in whole seconds. */
const MAX_LOOK_SECONDS = 2
/** `SEND_WITHIN_MS` in `lease.ts`. */
const SEND_WITHIN_SECONDS = 2

export function refreshPolicy(server: Server): RefreshPolicy {
  const reuse = policyOf(server.name)
  return { consumes: 'refresh_token', reuse, refreshBeforeExpirySeconds: 60, serveDuringRefresh: true }
}

export function lapseOf(server: Server): number {
  return lapseSeconds(policyOf(server.name))
}

export function latestSendOf(server: Server): number {
  return latestSendSeconds(policyOf(server.name), lapseOf(server))
}

/** `token` and `startFlight` in `refresher.ts`: the result of a caller, and whether a flight starts. */
export function callSteps(world: World, name: InstanceName): Step[] {
  const { flight, giving, isServed, mayCall } = world[name]
  if (flight || giving || isServed || !mayCall) return []
  return storeSteps(world, name, 'read', 'gets a call and reads the record', (draft, instance, outcome) => {
    instance.mayCall = false
    if (outcome === 'error') return
    const next = decide(keptRecord(draft), WANTED, TIME, refreshPolicy(draft.server))
    if (next.do === 'sign_in') instance.isServed = true
    if (next.do === 'serve' && !isOldToken(draft)) instance.isServed = true
    const isNeeded = next.do === 'refresh' || next.do === 'wait' || (next.do === 'serve' && next.refresh)
    if (isNeeded) instance.flight = createFlight(freeHolder(draft, name))
  })
}

/** Whether the token that is served is the one whose refresh the model is about. */
export function isOldToken({ store }: World): boolean {
  return recordOf(store).ledger.tokens['']?.value === 'a0'
}

/** `look` in `lease.ts`. A beat sets `watching` back: see `keep-lease-steps.ts`. */
function look(
  instance: Instance,
  flight: Flight,
  lease: RefreshLease | undefined,
  lapse: number,
): LeaseState {
  if (!lease) return 'lapsed'
  if (lease.holder === flight.holder || instance.unsent.includes(lease.holder)) return 'mine'
  const isSame = flight.watching === lease.attempt
  flight.watched = isSame ? flight.watched + Math.min(flight.sinceLook, MAX_LOOK_SECONDS) : 0
  flight.watching = lease.attempt
  flight.sinceLook = 0
  return flight.watched <= lapse ? 'live' : 'lapsed'
}

/** The loop of `steer` in `refresher.ts`. */
export function flightSteps(world: World, name: InstanceName): Step[] {
  const { flight } = world[name]
  switch (flight ? (flight.step as string) : '') {
    case 'wait': {
      const isDue =
        !flight ||
        world.cutOff.includes(name) ||
        !flight.snapshot?.isCurrent ||
        flight.sinceLook > 0 ||
        flight.watched > lapseOf(world.server) ||
        flight.waited >= MAX_WAIT_SECONDS
      return isDue ? lookSteps(world, name) : []
    }
    case 'read':
      return lookSteps(world, name)
    case 'swap':
      return takeSteps(world, name)
    case 'check':
      return [privateStep(name, 'checks how long the swap took', checkTime)]
    case 'send':
      return [localStep(name, 'sends the refresh token', sendFirst)]
    default:
      return []
  }
}

function lookSteps(world: World, name: InstanceName): Step[] {
  return storeSteps(world, name, 'read', 'reads the record and decides', (draft, instance, outcome) => {
    const flight = flightOf(instance)
    if (outcome === 'error') return endFlight(instance, 'failed')
    if (flight.step === 'wait' && flight.waited >= MAX_WAIT_SECONDS) return endFlight(instance, 'failed')
    const record = keptRecord(draft)
    const state = look(instance, flight, record?.ledger.lease, lapseOf(draft.server))
    const next = decide(record, WANTED, TIME, refreshPolicy(draft.server), state)
    const isReady = next.do === 'sign_in' || (next.do === 'serve' && !next.refresh)
    if (next.do === 'fail') endFlight(instance, 'failed')
    else if (isReady) endFlight(instance, next.do === 'serve' && isOldToken(draft) ? 'failed' : 'served')
    else if (next.do === 'wait') Object.assign(flight, { step: 'wait', snapshot: readStore(draft) })
    else
      Object.assign(flight, {
        step: 'swap',
        snapshot: readStore(draft),
        lease: 'taken',
        monotonic: 0,
        wall: 0,
      })
  })
}

/** `take` in `lease.ts`. */
function takeSteps(world: World, name: InstanceName): Step[] {
  return storeSteps(world, name, 'swap', 'takes the lease', (draft, instance, outcome) => {
    const flight = flightOf(instance)
    if (outcome === 'error' || !flight.snapshot) return endFlight(instance, 'failed')
    const { ledger } = recordOf(flight.snapshot.record)
    const isUnsent = ledger.lease !== undefined && instance.unsent.includes(ledger.lease.holder)
    const taken = swapLedger(draft, flight.snapshot, withLease(ledger, flight.holder, isUnsent))
    flight.snapshot = taken ?? null
    if (!taken) flight.step = 'read'
    else Object.assign(flight, { step: 'check', isUnsure: outcome === 'response_lost' })
  })
}

/** The step of `take` after the swap. Returns whether so much time has passed that the request must not be sent. */
export function isTooLate(
  flight: Flight,
  { monotonic, wall }: Flight | { monotonic: number; wall: number },
  latestSend: number,
): boolean {
  const passed = Math.max(monotonic, wall)
  if (passed > SEND_WITHIN_SECONDS) flight.overruns = Math.min(2, flight.overruns + 1)
  const limit = flight.overruns > 1 ? latestSend : SEND_WITHIN_SECONDS
  return passed > limit
}

export function isLate({ monotonic, wall }: { monotonic: number; wall: number }): boolean {
  return Math.max(monotonic, wall) > SEND_WITHIN_SECONDS
}

function checkTime(draft: World, instance: Instance): void {
  const flight = flightOf(instance)
  // `guarded-store.ts` has read another record, so the error stays.
  if (flight.isUnsure && !flight.snapshot?.isCurrent) return endFlight(instance, 'failed')
  flight.isUnsure = false
  const late = isLate(flight)
  const step = isTooLate(flight, flight, latestSendOf(draft.server)) ? 'read' : 'send'
  Object.assign(flight, { step, late, monotonic: 0, wall: 0 })
}

/** The first `send` of `exchange.ts`. */
function sendFirst(draft: World, instance: Instance): void {
  const flight = flightOf(instance)
  const { snapshot, late, holder } = flight
  if (!snapshot) throw new Error('The lease is missing')
  const attempt = sendFrom(draft, instance, holder, snapshot, late)
  Object.assign(flight, { step: 'exchange', snapshot: null, lease: 'used', late: false })
  instance.exchanges.push({
    holder,
    isMain: true,
    isHolder: true,
    step: 'listen',
    open: [attempt],
    mail: [],
    message: null,
    leased: snapshot,
    snapshot: null,
    verdict: '',
    isLast: false,
    mayRetry: false,
    persistAge: 0,
    isTickDue: false,
    task: null,
  })
}
