import { type Chronicle, overOf } from './chronicle.ts'
import { isAnswerLost, isLossTold, isOvertaken } from './facts.ts'
import { endReasonOf } from './records.ts'
import type { Outcome } from './run.ts'

/**
 * The outcome of the session. `kept`: it can be used, with the newest refresh token. `adopted`: and another process took over
 * the record that another process had stored. `ended`: it has ended, as it must. `lost`: a response that no client can have was
 * lost, and that was reported.
 */
export type Verdict = 'kept' | 'adopted' | 'ended' | 'lost' | 'wrong'
export const VERDICTS: readonly Verdict[] = ['kept', 'adopted', 'ended', 'lost', 'wrong']

interface Judgement {
  readonly verdict: Verdict
  readonly why: string
}

export function verdictOf(outcome: Outcome): Judgement {
  const { world, planned, after, bystanders } = outcome
  const { chronicle, session } = world
  if (bystanders.some(({ result }) => result?.kind !== 'token')) return wrong('the other session suffered')
  const over = overOf(chronicle, session.key)
  if (over) return judgeEnd(outcome, (over.record && endReasonOf(over.record)) ?? 'signed_out')
  const isGivenUp = chronicle.commits.some(
    ({ key, record }) => key === session.key && record && !record.ledger.refreshToken,
  )
  if (isGivenUp) return planned.act ? { verdict: 'ended', why: '' } : wrong('the refresh token was revoked')
  const failed = after.find(({ result }) => result?.kind !== 'token')
  if (failed) return wrong(`not usable afterwards: ${JSON.stringify(failed.result)}`)
  if (mustEnd(outcome)) return wrong('the session should be over')
  return { verdict: isAdopted(chronicle) ? 'adopted' : 'kept', why: '' }
}

function judgeEnd(outcome: Outcome, reason: string): Judgement {
  const { world, planned } = outcome
  const { chronicle } = world
  const ended = { verdict: 'ended', why: '' } as const
  if (reason === 'signed_out') return planned.act && planned.ends ? ended : wrong('the user was signed out')
  if (reason === 'subject_changed') return planned.answer?.ends ? ended : wrong('the subject changed')
  if (isOvertaken(outcome)) return { verdict: 'lost', why: '' }
  const isStrict = planned.reuse === undefined
  if (isStrict && isAnswerLost(chronicle) && isLossTold(chronicle)) return { verdict: 'lost', why: '' }
  if (planned.answer?.ends) return ended
  if (planned.loses && (planned.forgets || isLossTold(chronicle))) return { verdict: 'lost', why: '' }
  return wrong(
    isAnswerLost(chronicle) ? 'a loss was not reported' : 'the session ended although nothing was lost',
  )
}

function mustEnd({ planned, met, world }: Outcome): boolean {
  return planned.ends === true && met && !planned.store && world.chronicle.sends.length > 0
}

function isAdopted({ told }: Chronicle): boolean {
  return told.some(({ event }) => event.type === 'token_shared' && event.from === 'store')
}

function wrong(why: string): Judgement {
  return { verdict: 'wrong', why }
}
