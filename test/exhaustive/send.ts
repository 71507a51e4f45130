import { flightOf } from './draft.ts'
import { recordOf, secondsLeft } from './records.ts'
import { policyOf, type ServerName } from './servers.ts'
import type { Attempt, Instance, Snapshot, World } from './world.ts'

/** For how long a lease is watched. Written here again, because a rule must not check itself. */
const LAPSE_SECONDS = 8
const STRICT_LAPSE_SECONDS = 20

/** `serverTimeoutSeconds`. */
export const REQUEST_TIMEOUT_SECONDS = 10

/** `send` in `exchange.ts`: the request leaves. */
export function sendFrom(
  draft: World,
  instance: Instance,
  holder: string,
  snapshot: Snapshot,
  late: boolean,
): Attempt {
  const { refreshToken = '', attempt: number, doubt } = recordOf(snapshot.record).ledger
  if (instance.flight?.holder === holder) {
    const { sends } = flightOf(instance)
    if (sends.refreshToken !== refreshToken) Object.assign(sends, { refreshToken, count: 0, age: 0 })
    sends.count++
  }
  draft.requests.push({ from: instance.name, holder, number, refreshToken, state: 'out', answer: null })
  checkSend(draft, refreshToken, secondsLeft(snapshot.record))
  draft.sent.push({ refreshToken, holder, number, age: 0, isOutcomeKnown: false })
  if (!draft.facts.fault) draft.facts.requests++
  return { number, refreshToken, holder, late, inDoubt: doubt !== undefined, age: 0 }
}

/** I1: a refresh token is sent again only where the policy declares it. */
function checkSend(draft: World, refreshToken: string, tokenSeconds: number): void {
  const { facts, server, sent } = draft
  // No client can see a pause between its last check and its send.
  if (facts.pausedBeforeSend) return
  for (const { age, isOutcomeKnown, ...before } of sent) {
    if (before.refreshToken !== refreshToken) continue
    if (server.name === 'strict' && tokenSeconds > 0)
      facts.broken = 'a strict server got a refresh token twice while the access token worked'
    if (!isOutcomeKnown && age < secondSendAfter(server.name))
      facts.broken = `a refresh token was sent again after ${age} seconds, before the first response was known`
  }
}

/** The earliest second send: a takeover, or the second send of the same flight. */
function secondSendAfter(name: ServerName): number {
  const reuse = policyOf(name)
  if (reuse === 'strict') return STRICT_LAPSE_SECONDS
  const ownAfter =
    reuse === 'tolerant' ? REQUEST_TIMEOUT_SECONDS : Math.min(REQUEST_TIMEOUT_SECONDS, reuse.graceSeconds / 2)
  return Math.min(LAPSE_SECONDS, ownAfter)
}
