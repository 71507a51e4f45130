import { instanceNames, snapshotsOf, type Step } from './draft.ts'
import { isOldToken, lapseOf, MAX_WAIT_SECONDS } from './flight-steps.ts'
import { LISTEN_SECONDS } from './persist-steps.ts'
import { NOW } from './owners.ts'
import { olderDate, olderRecord, recordOf, secondsLeft } from './records.ts'
import { REQUEST_TIMEOUT_SECONDS } from './send.ts'
import { graceLeft, letServerAge, policyOf } from './servers.ts'
import type { Exchange, Flight, Instance, World } from './world.ts'

/** More than a process may take from the swap to the send. */
const LONG_SECONDS = 3
const BEAT_SECONDS = 2
const MAX_AGE = 150

/** Time passes until the next moment at which a rule can decide differently. */
export function timeSteps(world: World): Step[] {
  const next = Math.min(...momentsFrom(world).filter((left) => left > 0))
  const seconds = next === Infinity && isCallerLeft(world) ? 1 : next
  if (seconds === Infinity) return []
  return [{ text: `${seconds} seconds pass`, isUrgent: false, apply: (draft) => letTimePass(draft, seconds) }]
}

/** Whether a caller who could not be served comes back. */
function isCallerLeft({ A, B }: World): boolean {
  return [A, B].some(
    ({ state, flight, isServed, mayCall }) => state === 'up' && !flight && !isServed && !mayCall,
  )
}

function momentsFrom(world: World): number[] {
  const { store, server, sent } = world
  const { backOff } = recordOf(store).ledger
  const moments = [isOldToken(world) ? secondsLeft(store) : 0, backOff ? backOff.until - NOW : 0]
  for (const name of instanceNames) moments.push(...momentsOf(world, world[name]))
  if (sent.length > 0) moments.push(...graceLeft(server))
  return moments
}

function momentsOf(world: World, { state, flight, exchanges }: Instance): number[] {
  if (state === 'crashed') return []
  const lapse = lapseOf(world.server)
  const moments: number[] = []
  if (flight?.step === 'pause') moments.push(1)
  if (flight?.step === 'wait') moments.push(lapse + 1 - flight.watched, MAX_WAIT_SECONDS - flight.waited)
  const takes = [flight, ...exchanges.map(({ task }) => task)]
  for (const take of takes)
    if (take && isBetween(take.step)) moments.push(LONG_SECONDS - take.wall, lapse - take.wall)
  exchanges.forEach(({ open, step, persistAge }) => {
    for (const { age } of open) moments.push(LONG_SECONDS - age, LISTEN_SECONDS - age)
    if (step.startsWith('persist')) moments.push(LISTEN_SECONDS + 1 - persistAge)
    if (flight && open.length > 0)
      moments.push(...secondSendMoments(world, flight, Math.min(...open.map(({ age }) => age))))
  })
  return moments
}

function isBetween(step: string): boolean {
  return step.endsWith('swap') || step.endsWith('check') || step === 'send'
}

function secondSendMoments({ server }: World, { sends }: Flight, age: number): number[] {
  const reuse = policyOf(server.name)
  if (reuse === 'strict') return []
  if (reuse === 'tolerant') return [REQUEST_TIMEOUT_SECONDS - age]
  const half = reuse.graceSeconds / 2
  return [Math.min(REQUEST_TIMEOUT_SECONDS, half) - age, half + BEAT_SECONDS - sends.age]
}

function letTimePass(draft: World, seconds: number): void {
  draft.store = olderRecord(draft.store, seconds)
  for (const snapshot of snapshotsOf(draft)) snapshot.record = olderRecord(snapshot.record, seconds)
  letServerAge(draft.server, seconds)
  for (const each of draft.sent) each.age = Math.min(MAX_AGE, each.age + seconds)
  for (const { answer } of draft.requests)
    if (answer?.kind === 'refreshed') answer.date = olderDate(answer.date, seconds)
  for (const name of instanceNames) letInstanceAge(draft[name], seconds)
  keepLeases(draft, seconds)
}

/** A holder that runs and reaches the store shows that it is alive, so no process can watch its lease without a change. */
function keepLeases(draft: World, seconds: number): void {
  const { lease } = recordOf(draft.store).ledger
  if (seconds < BEAT_SECONDS || !lease) return
  for (const name of instanceNames) {
    const { state, exchanges } = draft[name]
    if (state !== 'up' || draft.cutOff.includes(name)) continue
    const exchange = exchanges.find((each) => each.isHolder && each.holder === lease.holder)
    if (exchange?.step !== 'listen' || exchange.open.length === 0) continue
    for (const snapshot of snapshotsOf(draft)) snapshot.isCurrent = false
    exchange.leased = { record: draft.store, isCurrent: true }
    for (const { flight, state: other } of [draft.A, draft.B]) {
      if (!flight) continue
      flight.watched = 0
      // A process that waits has looked since.
      const hasLooked = other === 'up' && flight.step === 'wait'
      if (hasLooked) Object.assign(flight, { snapshot: { record: draft.store, isCurrent: true } })
      flight.watching = hasLooked ? lease.attempt : -1
    }
  }
}

function letInstanceAge(instance: Instance, seconds: number): void {
  const { state, flight, exchanges } = instance
  if (state === 'crashed') return
  const isUp = state === 'up'
  const ticked = state === 'suspended' ? 0 : seconds
  if (isUp) instance.mayCall = !instance.isServed
  if (flight) letFlightAge(flight, isUp, ticked, seconds)
  for (const exchange of exchanges) letExchangeAge(exchange, isUp, ticked, seconds)
}

function letFlightAge(flight: Flight, isUp: boolean, ticked: number, seconds: number): void {
  if (isUp && flight.step === 'pause') flight.step = 'read'
  if (isBetween(flight.step)) {
    flight.monotonic += ticked
    flight.wall = Math.min(MAX_AGE, flight.wall + seconds)
  }
  if (flight.sends.count > 0) flight.sends.age = Math.min(MAX_AGE, flight.sends.age + ticked)
  if (flight.step !== 'wait') return
  flight.waited = Math.min(MAX_WAIT_SECONDS, flight.waited + (isUp ? ticked : 0))
  if (isUp && flight.watching >= 0) flight.watched += ticked
  if (!isUp) flight.sinceLook = Math.min(LONG_SECONDS, flight.sinceLook + ticked)
}

function letExchangeAge(exchange: Exchange, isUp: boolean, ticked: number, seconds: number): void {
  const { open, message, mail, task, step } = exchange
  for (const attempt of open) attempt.age = Math.min(MAX_AGE, attempt.age + ticked)
  for (const each of [...mail, message])
    if (each?.answer.kind === 'refreshed') each.answer.date = olderDate(each.answer.date, seconds)
  if (step.startsWith('persist')) exchange.persistAge = Math.min(MAX_AGE, exchange.persistAge + ticked)
  if (task && isBetween(task.step)) {
    task.monotonic += ticked
    task.wall = Math.min(MAX_AGE, task.wall + seconds)
  }
  const isListening = step === 'listen' && open.length > 0 && exchange.isHolder
  if (isListening && ticked > 0 && isUp) exchange.isTickDue = true
}
