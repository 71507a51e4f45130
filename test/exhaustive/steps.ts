import { copyOf, instanceNames, snapshotsOf, type Step } from './draft.ts'
import { consentSteps } from './consent-steps.ts'
import { exchangeSteps } from './exchange-steps.ts'
import { faultSteps } from './fault-steps.ts'
import { callSteps, flightSteps } from './flight-steps.ts'
import { giveBackSteps } from './give-back-steps.ts'
import { forgetHolders } from './holders.ts'
import { keepLeaseSteps } from './keep-lease-steps.ts'
import { networkSteps } from './network-steps.ts'
import { recordOf, withExpiredToken, withoutOrigin } from './records.ts'
import { signOutSteps } from './sign-out-steps.ts'
import { timeSteps } from './time-steps.ts'
import type { World } from './world.ts'

export interface Options {
  readonly withSignOut: boolean
  readonly withFaults: boolean
  /** How many grants the user gives to the connection, in addition to the first one. */
  readonly maxConsents: number
}

/** Everything that can happen next. Time passes only when every process that runs has nothing to do. */
export function stepsFrom(world: World, { withSignOut, withFaults, maxConsents }: Options): Step[] {
  const all = [
    ...instanceNames.flatMap((name) => instanceSteps(world, name)),
    ...networkSteps(world),
    ...(withFaults ? faultSteps(world) : []),
    ...(withSignOut ? signOutSteps(world) : []),
    ...consentSteps(world, maxConsents),
  ]
  const steps =
    withFaults || world.facts.fault
      ? all
      : all.filter(({ isUrgent, text }) => isUrgent || text.startsWith('the user'))
  // Such a step commutes with everything except the faults, so their order with the others does not matter.
  const urgent = steps.filter(({ isUrgent }) => isUrgent)
  const owner = instanceNames.find((name) => {
    const own = urgent.filter((step) => step.owner === name)
    return own.length > 0 && own.every(({ isPrivate }) => isPrivate)
  })
  if (owner) return steps.filter((step) => !step.isUrgent || step.owner === owner)
  return urgent.length > 0 ? steps : [...steps, ...expirySteps(world, withSignOut), ...timeSteps(world)]
}

function instanceSteps(world: World, name: 'A' | 'B'): Step[] {
  if (world[name].state !== 'up') return []
  return [
    ...callSteps(world, name),
    ...flightSteps(world, name),
    ...exchangeSteps(world, name),
    ...keepLeaseSteps(world, name),
    ...giveBackSteps(world, name),
  ]
}

/** The second expiry uses the result of the first refresh. */
function expirySteps(world: World, withSignOut: boolean): Step[] {
  const { expiries, A, B, store, signOut } = world
  const record = recordOf(store)
  const isQuiet = [A, B].every(
    ({ flight, giving, isServed, state }) => !flight && !giving && (isServed || state !== 'up'),
  )
  const isPossible =
    !withSignOut && expiries === 1 && isQuiet && !record.ended && signOut.step === 'none' && !world.cutOff
  if (!isPossible || record.ledger.tokens['']?.value === 'a0') return []
  const apply = (draft: World) => {
    draft.expiries = 2
    draft.store = withExpiredToken(store)
    draft.facts.requests = 0
    for (const name of instanceNames)
      Object.assign(draft[name], { isServed: false, mayCall: draft[name].state !== 'crashed' })
  }
  return [{ text: 'the new access token expires', isUrgent: false, apply }]
}

/** Takes one step in a copy of the world. */
export function take(world: World, step: Step): World {
  const draft = copyOf(world)
  step.apply(draft)
  forgetHolders(draft)
  forgetOrigin(draft)
  draft.requests.sort(byHolder)
  draft.sent.sort(byHolder)
  return draft
}

/** Lets go of what no later step can read. */
function forgetOrigin(draft: World): void {
  const { origin, refreshToken } = recordOf(draft.store).ledger
  draft.sent = draft.sent.filter(
    (each) => each.refreshToken === refreshToken || isInUse(draft, each.refreshToken),
  )
  if (!origin || isInUse(draft, origin.from)) return
  const before = draft.store
  draft.store = withoutOrigin(before)
  for (const snapshot of snapshotsOf(draft)) if (snapshot.record === before) snapshot.record = draft.store
}

/** Whether a response to this refresh token can still come. */
function isInUse(world: World, refreshToken: string): boolean {
  return instanceNames.some((name) => {
    const { flight, exchanges } = world[name]
    const seen = [flight?.snapshot, ...exchanges.map(({ task }) => task?.snapshot)]
    if (seen.some((each) => each && recordOf(each.record).ledger.refreshToken === refreshToken)) return true
    return exchanges.some(({ open, mail, message }) =>
      [...open, ...mail.map((each) => each.attempt), message?.attempt].some(
        (each) => each?.refreshToken === refreshToken,
      ),
    )
  })
}

function byHolder(a: { holder: string; number: number }, b: { holder: string; number: number }): number {
  return a.holder < b.holder ? -1 : a.holder > b.holder ? 1 : a.number - b.number
}
