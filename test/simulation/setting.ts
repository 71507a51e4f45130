import type { FakeAuthorizationServer } from '@evertoken/testkit'
import { createSeal } from '../../packages/core/src/mechanisms/sessions/seal.ts'
import type { SessionRecord } from '../../packages/core/src/model/session-record.ts'
import type { Random } from '../faults/random.ts'
import type { Visit } from './acts.ts'
import type { History } from './history.ts'
import type { Machine } from '../machines/machine.ts'
import type { Fault, Plan } from './plan.ts'
import type { World } from './world.ts'

export const ORIGIN = 'https://app.example.com'
export const API = 'https://api.example.com'
/** Without the prefix that https adds. */
export const COOKIE = 'evertoken'
export const CLIENT = { id: 'web', secret: 'secret_canary_of_the_client' }
export const SECRETS = [
  'seal_canary_of_thirty-two_characters',
  'seal_canary_that_comes_with_a_roll-out',
] as const
/** Credentials have these beginnings, so that a leak is easy to find. */
export const CANARY = /(?:rt|at|secret|seal)_canary/

/** An access token that the server has issued. */
export interface AccessTokenFacts {
  readonly sub: string
  readonly resource: string
  /** By true time, in seconds since the epoch. */
  readonly expiresAt: number
}

/** The parts of a run that all others use. */
export interface Setting {
  readonly plan: Plan
  readonly world: World
  readonly random: Random
  readonly history: History
  readonly server: FakeAuthorizationServer
  readonly accessTokens: Map<string, AccessTokenFacts>
  /** The requests of browsers that travel. */
  readonly visits: Map<string, Visit>
  /** Calm: no fault happens from now on. */
  readonly weather: { calm: boolean }
  /** Whether a fault happens now. */
  happens(fault: Fault): boolean
  /** A message travels. */
  travel(): Promise<void>
  /** A process came to a step at which it may be stopped. */
  reached(machine: Machine, step: Step): void
  /** Opens a sealed record of the store, or a cookie. */
  open(sealed: string): Promise<SessionRecord | undefined>
}

export type Step = 'leased' | 'sent' | 'answered' | 'persisted'

const FREEZE_MS = [300, 1900, 4000, 9000, 25_000, 70_000] as const

export function createSetting(
  base: Pick<Setting, 'plan' | 'world' | 'random' | 'history' | 'server'>,
): Setting {
  const { plan, world, random, history } = base
  const weather = { calm: false }
  const opened = new Map<string, SessionRecord>()
  const seals = ['session', 'cookie'].map((purpose) => createSeal(SECRETS, `${purpose} ${COOKIE}`))

  function happens(fault: Fault): boolean {
    const rate = plan.faults.get(fault)
    return rate !== undefined && !weather.calm && random.next() < rate
  }

  return {
    ...base,
    accessTokens: new Map(),
    visits: new Map(),
    weather,
    happens,
    async travel() {
      const ms = random.below(plan.latencyMs + 1)
      if (ms > 0) await world.sleep(ms)
    },
    reached(machine) {
      if (machine.killed) return
      if (happens('kills')) {
        history.trouble('kills', machine.index, Infinity)
        return machine.kill()
      }
      for (const fault of ['freezes', 'suspensions'] as const) {
        if (!happens(fault)) continue
        const forMs = random.pick(FREEZE_MS)
        history.trouble(fault, machine.index, forMs)
        machine.stop(forMs, fault === 'suspensions')
      }
    },
    async open(sealed) {
      if (opened.has(sealed)) return opened.get(sealed)
      for (const seal of seals) {
        const result = await seal.unseal(sealed)
        if ('value' in result) opened.set(sealed, result.value as SessionRecord)
      }
      return opened.get(sealed)
    },
  }
}
