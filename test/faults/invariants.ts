import { carried, findCanary, takeOutput } from './canaries.ts'
import { type Call, type Commit, type Moment, newestOf, overOf } from './chronicle.ts'
import { checkBound, isSeen } from './failures.ts'
import { isDeclared, isLossTold, isOvertaken, repeats, wrongClocks } from './facts.ts'
import { endReasonOf, isBroken } from './records.ts'
import { printed } from './results.ts'
import type { Outcome } from './run.ts'
import { verdictOf } from './verdict.ts'
import { API } from './wire.ts'

type Check = (outcome: Outcome) => readonly string[]

/** A refresh token that was sent may be sent again only by a retry that the policy declares. */
const usedOnce: Check = (outcome) =>
  repeats(outcome.world.chronicle)
    .filter(([earlier, later]) => !isDeclared(outcome, earlier, later))
    .map(
      ([earlier, later]) =>
        `sent at ${earlier.time} and, after ${earlier.answer?.kind ?? 'silence'}, at ${later.time}`,
    )

/** Each refresh token that came is stored or revoked, or its loss was reported. */
const newestKept: Check = (outcome) => {
  const { chronicle, session, server } = outcome.world
  const stored = new Set(
    chronicle.commits.flatMap(({ record }) => [record?.ledger.refreshToken, record?.ledger.spare]),
  )
  const revoked = new Set(chronicle.requests.map(({ body }) => new URLSearchParams(body).get('token')))
  const told = isLossTold(chronicle)
  const isKept = (token = '') => stored.has(token) || revoked.has(token)
  const cameFrom = (used: string) =>
    chronicle.sends.flatMap(({ refreshToken, answer }) =>
      refreshToken === used ? (answer?.refreshToken ?? []) : [],
    )
  // If a server forgives a second use, each response has a refresh token, and one of them is enough.
  const dropped = chronicle.sends.filter(
    ({ refreshToken, answer }) =>
      answer?.refreshToken !== undefined && !cameFrom(refreshToken).some(isKept) && !told,
  )
  const over = overOf(chronicle, session.key)
  const held = newestOf(chronicle, session.key)?.ledger.refreshToken
  const current = server.grants.currentRefreshToken(session.sub)
  return [
    ...dropped.map(
      () => 'a refresh token that came is neither stored nor revoked, and no event reports that',
    ),
    ...(over || held === undefined || held === current || told
      ? []
      : ['the store does not hold the newest refresh token']),
    ...(over && isSignedOut(over) && server.grants.alive(session.sub)
      ? ['the refresh token outlives the session']
      : []),
    ...((over?.record && endReasonOf(over.record)) !== 'grant_rejected' || told || mayEnd(outcome)
      ? []
      : ['the session ended, and no event reports the loss']),
  ]
}

/** The reason why the grant ended is known, or no process can know it. */
function mayEnd(outcome: Outcome): boolean {
  const { answer, forgets } = outcome.planned
  return answer?.ends === true || forgets === true || isOvertaken(outcome)
}

function isSignedOut({ record }: Commit): boolean {
  return !record || endReasonOf(record) === 'signed_out'
}

const staysHome: Check = ({ world: { chronicle, server } }) => {
  const astray = chronicle.requests.filter(({ url, headers, body }) => {
    const text = carried(headers, body)
    if (url.origin === server.issuer) return /at_canary|seal_canary/.test(text)
    if (url.origin !== API) return findCanary(text) !== undefined
    return /(?:rt|secret|seal)_canary/.test(text)
  })
  const elsewhere = server.log.filter(({ kind }) => kind === 'elsewhere')
  return [...astray.map(({ url }) => url.origin), ...elsewhere.map(({ url }) => url.origin)].map(
    (origin) => `a credential went to ${origin}`,
  )
}

const staysOver: Check = ({ world: { chronicle, session } }) => {
  const over = overOf(chronicle, session.key)
  const isBack = ({ key, order, record }: Commit) =>
    over && key === session.key && order > over.order && record && !record.ended
  const served = chronicle.calls.flatMap((call) =>
    call.result?.kind === 'token' ? [{ call, ...call.result }] : [],
  )
  return [
    ...chronicle.commits.filter(isBack).map(({ time }) => `the session came back at ${time}`),
    ...served
      .filter(({ call }) => over && call.sub === session.sub && call.began.order > over.order)
      .map(({ call }) => `a token was served at ${call.began.time} from a session that was over`),
    ...served
      .filter(({ call, token }) => chronicle.owners.get(token) !== call.sub)
      .map(({ call }) => `the token of another user was served at ${call.began.time}`),
  ]
}

const discreet: Check = ({ world: { chronicle } }) => {
  const seen = [
    ...chronicle.texts,
    ...chronicle.told.map(({ event }) => ({ where: 'an event', text: printed(event) })),
    ...chronicle.requests.map(({ url }) => ({ where: 'a URL', text: url.href })),
    { where: 'the output', text: takeOutput() },
  ]
  return seen.flatMap(({ where, text }) => {
    const canary = findCanary(text)
    return canary === undefined ? [] : [`${where} shows ${canary}…`]
  })
}

/** No user must sign in while the session is alive, and no user lacks a token while a valid one exists. */
const servedWhileValid: Check = (outcome) => {
  const { chronicle, session } = outcome.world
  const calls = chronicle.calls.filter(({ sub, ended }) => sub === session.sub && ended)
  const over = overOf(chronicle, session.key)
  const givenUp = chronicle.commits.find(
    ({ key, record }) => key === session.key && record && !record.ledger.refreshToken,
  )
  const broken = chronicle.commits.filter(({ key, record }) => key === session.key && isBroken(record))
  const isOverBy = ({ ended }: Call) =>
    [over, givenUp, ...broken].some((commit) => commit && ended && commit.order < ended.order)
  return [
    ...calls
      .filter((call) => call.result?.kind === 'sign_in' && !isOverBy(call))
      .map(({ began }) => `sign-in was asked for at ${began.time} while the session lives`),
    ...calls
      .filter(
        (call) => isDenied(call) && !isOverBy(call) && hasGoodToken(outcome, call) && !isOvertaken(outcome),
      )
      .map(
        ({ began, result }) =>
          `no token at ${began.time} (${JSON.stringify(result)}) while there is a good one`,
      ),
  ]
}

function isDenied({ result }: Call): boolean {
  return result?.kind === 'error' || result?.kind === 'refused'
}

const MARGIN_SECONDS = 10

function hasGoodToken(outcome: Outcome, { began, ended, instance }: Call): boolean {
  const { chronicle, session, time } = outcome.world
  const token = newestOf(chronicle, session.key, began.order)?.ledger.tokens['']
  const endedAt = time.now() - (time.elapsed() - (ended?.time ?? 0)) / 1000
  const hindered = chronicle.storeTroubles.some((trouble) => {
    return (
      trouble.instance === instance &&
      trouble.order > began.order &&
      trouble.order < (ended?.order ?? Infinity)
    )
  })
  if (!token || hindered || wrongClocks(outcome) || isVoided(outcome, token.value, ended)) return false
  return token.expiresAt - endedAt > MARGIN_SECONDS
}

/** On some servers, any later response ends the access token, whether it arrived or not. */
function isVoided(
  { planned, world: { chronicle } }: Outcome,
  token: string,
  until: Moment | undefined,
): boolean {
  if (!planned.endsAccessTokens) return false
  const written = chronicle.commits.find(({ record }) => record?.ledger.tokens['']?.value === token)
  const [from, to] = [written?.order ?? 0, until?.order ?? Infinity]
  const isBetween = ({ order }: Moment) => order > from && order < to
  return chronicle.sends.some((send) => isBetween(send) || (send.order < from && !send.answer))
}

/** A soft window is at most 75 s long, so a refresh is due 225 s after the one before. */
const SHORTEST_LIFE_MS = 200_000

/** Where nothing fails, each expiry costs one request. */
const oncePerExpiry: Check = ({ planned, world: { chronicle } }) => {
  if (!planned.calm) return []
  return chronicle.sends.flatMap(({ time, answer }, index, sends) => {
    const before = sends.slice(0, index).findLast((send) => send.answer?.kind === 'rotated')
    const isEarly = before !== undefined && time - before.time < SHORTEST_LIFE_MS
    if (isEarly && answer?.kind !== 'refused') return [`a token of ${before.time} was refreshed at ${time}`]
    return []
  })
}

const MOST_LATE_SECONDS = 5

/** No token is served more than 5 s after it expired, whatever the clocks of the fleet show. */
const servedInTime: Check = ({ planned, world: { chronicle, time } }) => {
  if (planned.answer?.name.startsWith('expires_in')) return []
  return chronicle.calls.flatMap(({ result, ended, began }) => {
    const expiresAt = result?.kind === 'token' ? chronicle.expiries.get(result.token) : undefined
    if (expiresAt === undefined || !ended) return []
    const lateSeconds = time.now() - (time.elapsed() - ended.time) / 1000 - expiresAt
    if (lateSeconds <= MOST_LATE_SECONDS) return []
    return [`the call of ${began.time} got a token ${Math.round(lateSeconds)} s after it expired`]
  })
}

/** Every caller that fails is visible as an event, and callers do not multiply requests. */
const visibleAndBounded: Check = ({ world: { chronicle } }) => [
  ...chronicle.calls
    .filter((call) => call.result?.kind === 'error' && !isSeen(chronicle, call))
    .map(({ began, result }) => `no event shows the failure at ${began.time} (${JSON.stringify(result)})`),
  ...checkBound(chronicle),
]

const everythingEnds: Check = ({ settled, world: { chronicle, steps } }) => [
  ...(settled ? [] : ['something that was begun never ends']),
  ...chronicle.calls
    .filter(({ ended, instance }) => !ended && !steps.isDropped(instance))
    .map(({ began }) => `the call of ${began.time} never ends`),
]

const checks = {
  I1: usedOnce,
  I2: newestKept,
  I3: staysHome,
  I4: staysOver,
  I5: discreet,
  I7: servedWhileValid,
  I8: oncePerExpiry,
  I9: servedInTime,
  I10: visibleAndBounded,
  settles: everythingEnds,
  usable: (outcome) => {
    const { verdict, why } = verdictOf(outcome)
    return verdict === 'wrong' ? [why] : []
  },
} satisfies Record<string, Check>

export type Invariant = keyof typeof checks
export const INVARIANTS: readonly Invariant[] = Object.keys(checks) as Invariant[]

/** The violations of a run. Empty if there are none. */
export function violationsOf(outcome: Outcome): { readonly invariant: Invariant; readonly what: string }[] {
  return INVARIANTS.flatMap((invariant) => checks[invariant](outcome).map((what) => ({ invariant, what })))
}
