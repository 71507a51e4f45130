import { setTimeout as sleep } from 'node:timers/promises'
import { pauseAfterProcessing } from '@evertoken/testkit'
import type { Call } from '../chronicle.ts'
import type { Outcome } from '../run.ts'
import type { Application } from './application.ts'
import type { ProcessCase } from './cases.ts'
import { createSite, LIFETIME_SECONDS, type Site } from './site.ts'

const CALLERS = 3
const RECOVERY_MS = 120_000
/** In real time. */
const PATIENCE_MS = 40_000

/** Stops, kills or drains a process at one step, asks another one for tokens, and checks the session. */
export async function runProcesses(planned: ProcessCase): Promise<Outcome> {
  const site = await createSite(planned.kind, 2, planned.undrained !== true)
  const stop = new AbortController()
  try {
    const late = sleep(PATIENCE_MS, undefined, { signal: stop.signal }).catch(() => undefined)
    const done = await Promise.race([drive(site, planned), late])
    return {
      world: site,
      planned,
      settled: done !== undefined,
      bystanders: [],
      met: true,
      after: [],
      ...done,
    }
  } finally {
    stop.abort()
    await site.close()
  }
}

async function drive(site: Site, planned: ProcessCase): Promise<Pick<Outcome, 'met' | 'after'>> {
  const [victim, survivor] = site.applications
  if (!victim || !survivor) throw new Error('Two processes were expected')
  for (const { user } of site.applications) Object.assign(user, { reads: 0, lookers: CALLERS })
  const trap = setTrap(site, planned, victim)
  script(site, planned)

  const calls = Promise.all(Array.from({ length: CALLERS }, () => victim.call()))
  await Promise.race([trap.sprung, calls])
  if (planned.signal !== 'SIGTERM' || planned.undrained)
    for (const send of site.chronicle.sends) send.orphaned = true
  await Promise.all([survivor.call(), survivor.call()])
  if (planned.signal === 'SIGSTOP') victim.signal('SIGCONT')
  trap.release()
  await calls

  const living = planned.signal === 'SIGSTOP' ? [survivor, victim] : [survivor]
  const after: Call[] = []
  for (const expiryMs of [0, LIFETIME_SECONDS * 1000]) {
    await site.time.sleep(expiryMs)
    for (const application of living) after.push(await patiently(site, application))
  }
  return { met: trap.met(), after }
}

/** A lost request to a strict server holds the lease for 65 s, and a lease without a holder lapses after 20 s. */
async function patiently({ time }: Site, application: Application): Promise<Call> {
  const startedAt = time.elapsed()
  for (;;) {
    const call = await application.call(true)
    if (call.result?.kind !== 'error' || time.elapsed() - startedAt > RECOVERY_MS) return call
    await time.sleep((call.result.retryAfterSeconds ?? 1) * 1000)
  }
}

function createSignal(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve = () => {}
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve: () => resolve() }
}

interface ProcessTrap {
  readonly sprung: Promise<void>
  met(): boolean
  /** Releases the step at which a stopped process was held. */
  release(): void
}

function setTrap(
  { steps }: Site,
  { step, signal, undrained }: ProcessCase,
  victim: Application,
): ProcessTrap {
  const sprung = createSignal()
  const released = createSignal()
  const trap = steps.set({
    step,
    async spring() {
      if (signal === 'SIGTERM' && !undrained) {
        await victim.stop()
        sprung.resolve()
        return
      }
      victim.signal(signal)
      sprung.resolve()
      await (signal === 'SIGSTOP' ? released.promise : new Promise(() => {}))
    },
  })
  return { sprung: sprung.promise, met: () => trap.sprung, release: () => released.resolve() }
}

/** Records the requests, and holds one if its sender must be killed. */
function script({ server, chronicle, steps, senders, markSpent }: Site, { overtakes }: ProcessCase): void {
  server.always('refresh', ({ parameters }) => {
    const refreshToken = parameters.get('refresh_token') ?? ''
    const instance = senders.get(refreshToken) ?? 0
    const held = overtakes && instance === 0 && { held: true as const }
    chronicle.sends.push({ ...chronicle.moment(), instance, refreshToken, spent: false, ...held })
    if (steps.awaits('sent')) {
      void steps.arrive('sent', instance)
      return { type: 'hang' }
    }
    const pause = pauseAfterProcessing()
    void pause.reached
      .then(markSpent)
      .then(() => steps.arrive('processed', instance))
      .then(pause.release)
    return pause
  })
}
