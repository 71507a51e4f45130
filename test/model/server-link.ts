import { withDeadline } from '../../packages/core/src/mechanisms/runtime/deadline.ts'
import { LISTEN_MS } from '../../packages/core/src/mechanisms/protocol/http.ts'
import type { RequestTime, ServerClock } from '../../packages/core/src/mechanisms/protocol/server-clock.ts'
import type { TokenGrant } from '../../packages/core/src/model/token-grant.ts'
import type { RefreshResult, TokenServer } from '../../packages/core/src/ports/authorization-server.ts'
import type { Answer, ModelServer } from './authorization-server.ts'
import type { Send } from './history.ts'
import type { Act, AnswerFault } from './plan.ts'
import { EPOCH, type Machine } from '../machines/machine.ts'
import { count, hand, reached, type Surroundings } from './surroundings.ts'

export const REQUEST_TIMEOUT_MS = 10_000
/** The one authorization server, and its client. */
export const REGISTRATION = { issuer: 'https://as.test', clientId: 'client' }
const NEVER = new Promise<never>(() => undefined)

export interface ServerLink extends Surroundings {
  readonly server: ModelServer
}

const CAUSE = { name: 'Error' }
/** With these, the server does not see the refresh token. */
const UNSEEN: ReadonlySet<AnswerFault> = new Set([
  'refused',
  'busy',
  'misconfigured',
  'rejected',
  'reset_before',
])

/** What an owner does in a browser to give a grant. */
export type ConsentAct = Extract<Act, `connect${string}`>

/** The authorization server, also for an owner who consents in a browser. */
export interface LinkedServer extends TokenServer {
  /** Redeems the code of a new consent, or of another one to the same grant. */
  consent(grant: number, act: ConsentAct): Promise<TokenGrant>
}

/** The connection of one process to the authorization server. */
export function linkServer(process: Machine, link: ServerLink, serverClock: ServerClock): LinkedServer {
  const { server, world, history, plan } = link
  const { clock } = process

  function nextFault(): AnswerFault | undefined {
    const nth = count(link, 'send')
    if (link.weather.calm) return undefined
    const fault = plan.answers.find((planned) => planned.nth === nth)?.fault
    if (fault !== undefined) {
      history.troubles.push({ ...history.now(), process: process.index, kind: 'answer', what: fault })
    }
    return fault
  }

  /** The headers of a response that is made now. */
  function headers(): Headers {
    const { serverAhead } = plan
    if (serverAhead === undefined) return new Headers()
    return new Headers({ date: new Date(EPOCH * 1000 + serverAhead * 1000 + world.time).toUTCString() })
  }

  /** As `createHttp` does it. */
  async function receive(label: string, response: Headers, startedAt: number, startedAtWall: number) {
    await process.receive(label)
    const tripMs = Math.max(clock.elapsed() - startedAt, (clock.now() - startedAtWall) * 1000)
    serverClock.observe(response, tripMs)
  }

  async function judge(send: Send): Promise<Answer | undefined> {
    await process.send('sends')
    const answer = server.refresh(send.refreshToken, send.resource)
    const { refreshToken: gave, accessToken } = answer ?? {}
    send.judged = { ...history.now(), gave, accessToken: accessToken?.value, rejected: !answer }
    if (plan.thinkMs > 0) await world.sleep(plan.thinkMs)
    reached(process, link, 'answered')
    return answer
  }

  async function exchange(send: Send): Promise<RefreshResult> {
    const { fault } = send
    const timeOfRequest = serverClock.startRequest()
    const [startedAt, startedAtWall] = [clock.elapsed(), clock.now()]
    if (fault === 'silent_before') await NEVER
    if (fault === 'stalled') await world.sleep(plan.lateMs)
    const answer = fault !== undefined && UNSEEN.has(fault) ? undefined : await judge(send)
    if (fault === 'silent_after') await NEVER
    const response = headers()
    if (fault === 'late') await world.sleep(plan.lateMs)
    await receive('answer', response, startedAt, startedAtWall)
    if (fault === 'refused') return { kind: 'not_processed', cause: CAUSE }
    if (fault === 'busy') return { kind: 'not_processed', cause: CAUSE, retryAfterSeconds: 1, isBusy: true }
    if (fault === 'misconfigured') return { kind: 'misconfigured', cause: CAUSE }
    if (fault === 'reset_before' || fault === 'reset_after') return { kind: 'ambiguous', cause: CAUSE }
    if (!answer) return { kind: 'rejected' }
    const seconds = dateOf(response)
    const result = understood(answer, timeOfRequest(seconds), plan.lifetimeSeconds, fault)
    return result.kind === 'refreshed' ? { ...result, date: seconds } : result
  }

  async function consent(grant: number, act: ConsentAct): Promise<TokenGrant> {
    const account = act === 'connect_other' ? `other than ${grant}` : String(grant)
    const timeOfRequest = serverClock.startRequest()
    const [startedAt, startedAtWall] = [clock.elapsed(), clock.now()]
    await process.send('redeems')
    const answer = act === 'connect_again' ? server.consentAgain(grant) : server.signIn(grant, account)
    const { accessToken, refreshToken } = answer
    history.consents.push({ ...history.now(), grant, accessToken: accessToken.value, refreshToken })
    const response = headers()
    await receive('redeemed', response, startedAt, startedAtWall)
    const time = timeOfRequest(dateOf(response))
    const { grant: given } = understood(answer, time, plan.lifetimeSeconds, undefined)
    return { ...given, claims: { sub: account } }
  }

  async function ask(): Promise<true> {
    const [startedAt, startedAtWall] = [clock.elapsed(), clock.now()]
    await process.send('asks')
    if (plan.isMute && !link.weather.calm) await NEVER
    await receive('answered', headers(), startedAt, startedAtWall)
    return true
  }

  let metadata: Promise<true> | undefined

  return {
    registration: REGISTRATION,
    consent,
    async ready() {
      if (!plan.isMute) await (metadata ??= ask())
    },
    isResponding: () => (metadata ? ask() : (metadata = ask())),
    async refresh({ refreshToken, parameters: request, user }) {
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
      hand(process, link, 'the authorization server', JSON.stringify([request, user]))
      reached(process, link, 'sent')
      const late = () => new Error('No answer')
      const answer = await withDeadline(exchange(send), LISTEN_MS, clock, late).catch((): RefreshResult => ({
        kind: 'ambiguous',
        cause: CAUSE,
      }))
      send.delivered = { ...history.now(), kind: answer.kind }
      return answer
    },
    async revoke(refreshToken, kind) {
      // A grant without a refresh token has only these.
      if (kind === 'access_token') return 'revoked'
      history.revoked.push({ ...history.now(), process: process.index, refreshToken })
      await process.send('revokes')
      server.revoke(refreshToken)
      await process.receive('revoked')
      return 'revoked'
    },
  }
}

function dateOf(response: Headers): number | undefined {
  const date = response.get('date')
  return date === null ? undefined : Date.parse(date) / 1000
}

function understood(
  answer: Answer,
  time: RequestTime,
  lifetimeSeconds: number,
  fault: AnswerFault | undefined,
): Extract<RefreshResult, { readonly grant: unknown }> {
  const { accessToken, refreshToken } = answer
  const grant = {
    ...(refreshToken !== undefined && { refreshToken }),
    ...(fault !== 'malformed' && {
      accessToken: {
        value: accessToken.value,
        type: 'Bearer' as const,
        ...time,
        expiresAt: time.obtainedAt + lifetimeSeconds,
      },
    }),
  }
  return { kind: fault === 'subject_changed' ? 'subject_changed' : 'refreshed', grant }
}
