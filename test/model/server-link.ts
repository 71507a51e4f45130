import { withDeadline } from '../../packages/core/src/mechanisms/deadline.ts'
import type { RefreshAnswer, TokenEndpoint } from '../../packages/core/src/ports/authorization-server.ts'
import type { Answer, ModelServer } from './authorization-server.ts'
import type { Send } from './history.ts'
import type { AnswerFault } from './plan.ts'
import { count, hand, type Process, type Surroundings } from './process.ts'

export const REQUEST_TIMEOUT_MS = 1000
const STALL_MS = 2500
const NEVER = new Promise<never>(() => undefined)

export interface ServerLink extends Surroundings {
  readonly server: ModelServer
}

const CAUSE = { name: 'Error' }
/** With these, the server does not get to see the refresh token. */
const UNSEEN: ReadonlySet<AnswerFault> = new Set([
  'refused',
  'busy',
  'misconfigured',
  'rejected',
  'reset_before',
])

/** One process's way to the authorization server. */
export function linkServer(process: Process, link: ServerLink): TokenEndpoint {
  const { server, world, history, plan } = link

  function nextFault(): AnswerFault | undefined {
    const nth = count(link, 'send')
    if (link.weather.calm) return undefined
    const fault = plan.answers.find((planned) => planned.nth === nth)?.fault
    if (fault !== undefined) {
      history.troubles.push({ ...history.now(), process: process.index, kind: 'answer', what: fault })
    }
    return fault
  }

  async function judge(send: Send): Promise<Answer | undefined> {
    await process.send('sends')
    const answer = server.refresh(send.refreshToken, send.resource)
    const { refreshToken: gave, accessToken } = answer ?? {}
    send.judged = { ...history.now(), gave, accessToken: accessToken?.value, rejected: !answer }
    if (plan.thinkMs > 0) await world.sleep(plan.thinkMs)
    process.reached('answered')
    return answer
  }

  async function exchange(send: Send): Promise<RefreshAnswer> {
    const { fault } = send
    if (fault === 'silent_before') await NEVER
    if (fault === 'stalled') await world.sleep(STALL_MS)
    const sentAt = process.clock.now()
    const answer = fault !== undefined && UNSEEN.has(fault) ? undefined : await judge(send)
    if (fault === 'silent_after') await NEVER
    await process.receive('answer')
    if (fault === 'refused') return { kind: 'not_processed', cause: CAUSE }
    if (fault === 'busy') return { kind: 'not_processed', cause: CAUSE, retryAfterSeconds: 1 }
    if (fault === 'misconfigured') return { kind: 'misconfigured', cause: CAUSE }
    if (fault === 'reset_before' || fault === 'reset_after') return { kind: 'ambiguous', cause: CAUSE }
    return answer ? understood(answer, sentAt, plan.lifetimeSeconds, fault) : { kind: 'rejected' }
  }

  return {
    ready: () => Promise.resolve(),
    async refresh(refreshToken, request, claims) {
      const { issued } = server
      const send: Send = {
        process: process.index,
        grant: issued.get(refreshToken)?.grant ?? -1,
        refreshToken,
        resource: typeof request.resource === 'string' ? request.resource : '',
        sent: history.now(),
        fault: nextFault(),
      }
      history.sends.push(send)
      hand(process, link, 'the authorization server', JSON.stringify([request, claims]))
      process.reached('sent')
      const late = () => new Error('No answer')
      const answer = await withDeadline(() => exchange(send), REQUEST_TIMEOUT_MS, process.clock, late).catch(
        (): RefreshAnswer => ({ kind: 'ambiguous', cause: CAUSE }),
      )
      send.delivered = { ...history.now(), kind: answer.kind }
      return answer
    },
    async revoke(refreshToken) {
      history.revoked.push({ ...history.now(), process: process.index, refreshToken })
      await process.send('revokes')
      server.revoke(refreshToken)
      await process.receive('revoked')
      return 'revoked'
    },
  }
}

function understood(
  answer: Answer,
  sentAt: number,
  lifetimeSeconds: number,
  fault: AnswerFault | undefined,
): RefreshAnswer {
  const { accessToken, refreshToken } = answer
  const grant = {
    ...(refreshToken !== undefined && { refreshToken }),
    ...(fault !== 'malformed' && {
      accessToken: {
        value: accessToken.value,
        type: 'Bearer' as const,
        obtainedAt: sentAt,
        expiresAt: sentAt + lifetimeSeconds,
      },
    }),
  }
  return { kind: fault === 'subject_changed' ? 'subject_changed' : 'refreshed', grant }
}
