import type { Fleet } from './fleet.ts'
import type { Setting } from './setting.ts'
import type { Visitor } from './visitor.ts'

/** Back-offs, leases and last waits are over by then. */
const RECOVERY_MS = 400_000
const RETRIES_MS = [3000, 15_000, 60_000, 120_000, 310_000] as const
/** As many old cookies of each browser are tried. */
const MAX_OLD = 12

/** Sends requests after the last fault: each browser must be served, except those that were signed out. */
export async function probe(visitors: readonly Visitor[], fleet: Fleet, setting: Setting): Promise<void> {
  const { plan, world, weather } = setting
  weather.calm = true
  for (const { machine } of fleet.instances) if (!machine.killed) machine.setClock(0)
  await world.sleep(plan.tokenSeconds * 1000 + RECOVERY_MS)
  await Promise.all(visitors.map((visitor) => probeOne(visitor, setting)))
}

async function probeOne(visitor: Visitor, setting: Setting): Promise<void> {
  const { plan, world } = setting
  if (visitor.isSignedIn) await insist(visitor, setting)
  await world.sleep(plan.tokenSeconds * 1010)
  if (visitor.isSignedIn) await insist(visitor, setting)
  for (const { cookies } of visitor.past.slice(-MAX_OLD)) {
    const shown = await visitor.presented(cookies)
    if (shown && isOver(shown.key, setting)) await visitor.visit({ act: 'token', isProbe: true }, cookies)
  }
}

/** Comes again until there is a token. */
async function insist(visitor: Visitor, { world }: Setting): Promise<void> {
  for (const waitMs of RETRIES_MS) {
    const call = await visitor.visit({ act: 'token', isProbe: true })
    if (!call?.error) return
    await world.sleep(waitMs)
  }
}

export function isOver(key: string, { history }: Pick<Setting, 'history'>): boolean {
  return history.commits.some((commit) => commit.key === key && (!commit.record || commit.record.ended))
}
