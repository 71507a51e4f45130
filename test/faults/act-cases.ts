import type { Case } from './cases.ts'
import { type Step, STEPS } from './steps.ts'
import type { Kind, World } from './world.ts'

const UNITS = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
] as const

function named(seconds: number): string {
  const [size, unit] = UNITS.find(([least]) => Math.abs(seconds) >= least) ?? [1, 's']
  return `${seconds > 0 ? '+' : ''}${seconds / size} ${unit}`
}

const JUMPS = [30, -30, 300, -300, 3600, -3600, 86_400, -86_400]
export const abortCases = (kind: Kind): Case[] =>
  (['first', 'all'] as const).flatMap((who) =>
    STEPS.map(
      (step) =>
        ({
          fault: `caller abort: ${who}`,
          step,
          kind,
          calm: true,
          act: (_world, { abort }) => abort(who),
        }) satisfies Case,
    ),
  )

export const skewCases = (kind: Kind): Case[] =>
  JUMPS.flatMap((seconds) => [
    { fault: `clocks apart: ${named(seconds)}`, kind, skewSeconds: seconds, calm: true },
    ...STEPS.map((step): Case => ({
      fault: `clock jump: ${named(seconds)}`,
      step,
      kind,
      jumpSeconds: seconds,
      act: ({ instances }, { instance }) => instances[instance]?.machine.set(seconds),
    })),
  ])

export const logoutCases = (kind: Kind): Case[] =>
  STEPS.flatMap((step) => [
    { fault: 'logout meanwhile', step, kind, ends: true, act: (world) => void logOut(world) },
    { fault: 'logout, all else held', step, kind, ends: true, act: logOut },
    ...(kind === 'connection'
      ? []
      : [{ fault: 'revokeRefreshToken()', step, kind, ends: true, act: giveUp }]),
  ])

/** From the answer on until it is stored, the only copy of the newest refresh token is in the instance. */
const LOSING: readonly Step[] = ['answer', 'settling swap']

/** A platform ends an isolate that seems idle, without a warning. Its requests still arrive. */
export const dropCases = (kind: Kind): Case[] =>
  STEPS.map((step) => ({
    fault: 'instance dropped',
    step,
    kind,
    drops: true,
    ...(LOSING.includes(step) && { loses: true }),
    act({ steps, chronicle }, { instance }) {
      for (const send of chronicle.sends) if (send.instance === instance) send.orphaned = true
      return steps.drop(instance)
    },
  }))

const STOP_SECONDS = [3, 30, 100]

/** Frozen: a process that does not run, as between two requests on Lambda. Suspended: its monotonic clock stops, too. */
export const stopCases = (kind: Kind): Case[] =>
  (['frozen', 'suspended'] as const).flatMap((how) =>
    STEPS.flatMap((step) =>
      STOP_SECONDS.map((seconds): Case => ({
        fault: `instance ${how} for ${seconds} s`,
        step,
        kind,
        instances: 2,
        loses: true,
        overtakes: true,
        async act({ instances, steps }, { instance }) {
          const thawed = instances[instance]?.machine.stop(seconds * 1000, how) ?? Promise.resolve()
          steps.freeze(instance, thawed)
          await thawed
        },
      })),
    ),
  )

/** A replica that is promoted before it has the last write. */
export const failoverCases = (kind: Kind): Case[] =>
  (['lease swapped', 'send', 'answer', 'settling swapped'] as const).map((step) => ({
    fault: 'store: loses the last write',
    step,
    kind,
    loses: true,
    forgets: true,
    act: ({ failOver }) => failOver(),
  }))

const logOut = ({ instances: [first], session }: World) => first.signOut(session)

const giveUp = ({ instances: [first], session }: World) => first.giveUp(session)
