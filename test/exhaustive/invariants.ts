import { instanceNames } from './draft.ts'
import type { OwnerRecord } from './owners.ts'
import { recordOf } from './records.ts'
import { accepts, grantNumberOf } from './servers.ts'
import type { Instance, World } from './world.ts'

/** Returns the rule that a world breaks, in words, or `undefined`. */
export function violation(world: World): string | undefined {
  const { facts, store } = world
  if (facts.broken) return facts.broken
  if (facts.spareUses > 1) return 'a spare refresh token was used twice'
  if (facts.lastWaits > 1) return 'a session waited twice for a late response'
  if (!facts.fault && facts.requests > 1) return 'more than one token request although nothing went wrong'
  const record = recordOf(store)
  if (isRefused(record) && !facts.fault) return 'a grant was refused although nothing went wrong'
  const { refreshToken } = record.ledger
  if (refreshToken !== undefined && grantNumberOf(world.server, refreshToken) !== facts.consent)
    return 'a response to an earlier grant was stored over a new one'
  return isCalm(world) ? calmViolation(world) : undefined
}

function isRefused(record: OwnerRecord): boolean {
  return record.ended === 'grant_rejected' || ('broken' in record && record.broken !== undefined)
}

/** Whether nothing moves until an access token expires. */
export function isCalm(world: World): boolean {
  const { requests, signOut, consents, cutOff } = world
  const isOver = signOut.step === 'none' || signOut.step === 'done'
  const isAtRest = requests.length === 0 && isOver && consents.every(({ step }) => step === 'done') && !cutOff
  return isAtRest && instanceNames.every((name) => isIdle(world[name]))
}

function isIdle({ state, flight, exchanges, giving, isServed }: Instance): boolean {
  if (state === 'crashed') return true
  return state === 'up' && !flight && exchanges.length === 0 && !giving && isServed
}

function calmViolation(world: World): string | undefined {
  const { facts, store, server, signOut, consents } = world
  const record = recordOf(store)
  if (facts.removed >= 0 && !facts.fault) {
    const left = unrevoked(world)
    if (left) return left
  }
  if (signOut.step === 'done' && consents.length === 0)
    return record.ended ? undefined : 'the owner is there after its removal'
  if (record.ended && signOut.step === 'done') return undefined
  if (instanceNames.every((name) => world[name].state === 'crashed')) return undefined
  if (!facts.fault && consents.length === 0 && facts.requests !== 1)
    return `${facts.requests} token requests although nothing went wrong`
  if (!facts.fault && record.ledger.lease) return 'a lease is left although nothing went wrong'
  if (!isRefused(record) && accepts(server, record.ledger.refreshToken)) return undefined
  // If the dates were equal, the order was a guess. The spare exists for that case.
  const mayNeedSpare = server.name !== 'strict' && (server.name !== 'newest' || facts.isOrderUnknown)
  if (!isRefused(record) && mayNeedSpare && accepts(server, record.ledger.spare)) return undefined
  const kind = isRefused(record)
    ? `the ${world.owner} was refused`
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

/** After a removal, no refresh token of the grant is left that the server accepts, unless a process could not revoke it. */
function unrevoked({ facts: { removed }, server }: World): string | undefined {
  const left = server.issued.findIndex(
    ({ used, isRevoked, grant }) => grant === removed && used < 0 && !isRevoked,
  )
  return left >= 0 && !server.isGrantOver[removed] ? `R${left} still works after the removal` : undefined
}
