import { instanceNames } from './draft.ts'
import { recordOf } from './records.ts'
import { accepts } from './servers.ts'
import type { Instance, World } from './world.ts'

/** Returns the rule that a world breaks, in words, or `undefined`. */
export function violation(world: World): string | undefined {
  const { facts, store } = world
  if (facts.broken) return facts.broken
  if (facts.spareUses > 1) return 'a spare refresh token was used twice'
  if (facts.lastWaits > 1) return 'a session waited twice for a late response'
  if (!facts.fault && facts.requests > 1) return 'more than one token request although nothing went wrong'
  const { ended } = recordOf(store)
  if (ended === 'grant_rejected' && !facts.fault) return 'a session ended although nothing went wrong'
  return isCalm(world) ? calmViolation(world) : undefined
}

/** Whether nothing moves until an access token expires. */
export function isCalm(world: World): boolean {
  const { requests, signOut, cutOff } = world
  const isAtRest = requests.length === 0 && (signOut.step === 'none' || signOut.step === 'done') && !cutOff
  return isAtRest && instanceNames.every((name) => isIdle(world[name]))
}

function isIdle({ state, flight, exchanges, giving, isServed }: Instance): boolean {
  if (state === 'crashed') return true
  return state === 'up' && !flight && exchanges.length === 0 && !giving && isServed
}

function calmViolation(world: World): string | undefined {
  const { facts, store, server, signOut } = world
  const record = recordOf(store)
  if (signOut.step === 'done')
    return record.ended ? unrevoked(world) : 'the session is there after the sign-out'
  if (instanceNames.every((name) => world[name].state === 'crashed')) return undefined
  if (!facts.fault && facts.requests !== 1)
    return `${facts.requests} token requests although nothing went wrong`
  if (!facts.fault && record.ledger.lease) return 'a lease is left although nothing went wrong'
  if (!record.ended && accepts(server, record.ledger.refreshToken)) return undefined
  // If the dates were equal, the order was a guess. The spare exists for that case.
  const mayNeedSpare = server.name !== 'strict' && (server.name !== 'newest' || facts.isOrderUnknown)
  if (!record.ended && mayNeedSpare && accepts(server, record.ledger.spare)) return undefined
  const kind = record.ended
    ? `the session ended (${record.ended})`
    : 'the server refuses the stored refresh token'
  const excuse = excuseFor(world)
  if (!excuse) return `${kind}, and no limitation explains it`
  return facts.isReported ? undefined : `${kind} without a report (${excuse})`
}

/** Names the limitation that explains the loss of a grant: see "What no client can prevent" in the documentation. */
export function excuseFor({ facts, server: { name } }: World): string | undefined {
  const { fault, pausedBeforeSend, stoppedAfterSend, noEvidence, gaveUp } = facts
  if (pausedBeforeSend && name !== 'newest') return 'a process was paused between its last check and its send'
  if (gaveUp) return 'no store for 65 seconds'
  if (name === 'tolerant') return undefined
  const isResponseLost = fault === 'response lost' || fault === 'response reset'
  if (name === 'strict') {
    if (isResponseLost) return 'the response was lost'
    return stoppedAfterSend || fault === 'cut off' ? 'a process stopped after its send' : undefined
  }
  if (name === 'grace' && fault === 'slow') return 'the server processed a request after the grace period'
  return fault === 'response lost' && noEvidence
    ? 'the response was lost, and nothing else responded'
    : undefined
}

/** After a sign-out, no refresh token is left that the server accepts, unless a process could not revoke it. */
function unrevoked({ facts, server }: World): string | undefined {
  if (facts.fault) return undefined
  const left = server.issued.findIndex(({ used, isRevoked }) => used < 0 && !isRevoked)
  return left >= 0 && !server.isGrantOver ? `R${left} still works after the sign-out` : undefined
}
