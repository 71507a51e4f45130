import { carried, findCanary, takeOutput } from './canaries.ts'
import { type Call, type Commit, newestOf, overOf } from './chronicle.ts'
import { isDeclared, isLossTold, isOvertaken, repeats, wrongClocks } from './facts.ts'
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

/** Each refresh token that came is stored, or revoked, or its loss was told. */
const newestKept: Check = (outcome) => {
  const { world, planned } = outcome
  const { chronicle, session, server } = world
  const stored = new Set(chronicle.commits.map(({ record }) => record?.refreshToken))
  const revoked = new Set(chronicle.requests.map(({ body }) => new URLSearchParams(body).get('token')))
  const told = isLossTold(chronicle)
  const dropped = chronicle.sends
    .flatMap(({ answer }) => answer?.refreshToken ?? [])
    .filter((token) => {
      return !stored.has(token) && !revoked.has(token) && !told
    })
  const over = overOf(chronicle, session.key)
  const held = newestOf(chronicle, session.key)?.refreshToken
  const current = server.grants.currentRefreshToken(session.sub)
  return [
    ...dropped.map(() => 'a refresh token that came is neither stored nor revoked, and nobody said so'),
    ...(over || held === undefined || held === current || told
      ? []
      : ['the store does not hold the newest refresh token']),
    ...(over && isSignedOut(over) && server.grants.alive(session.sub)
      ? ['the refresh token outlives the session']
      : []),
    ...(over?.record?.ended !== 'grant_rejected' || told || planned.answer?.ends || isOvertaken(outcome)
      ? []
      : ['the session ended, and nobody said what was lost']),
  ]
}

function isSignedOut({ record }: Commit): boolean {
  return !record || record.ended === 'signed_out'
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
      .map(({ call }) => `the token of somebody else was served at ${call.began.time}`),
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

/** Nobody is sent to sign in while the session lives, and nobody goes without a token while there is a good one. */
const servedWhileValid: Check = (outcome) => {
  const { chronicle, session } = outcome.world
  const calls = chronicle.calls.filter(({ sub, ended }) => sub === session.sub && ended)
  const over = overOf(chronicle, session.key)
  const givenUp = chronicle.commits.find(
    ({ key, record }) => key === session.key && record && !record.refreshToken,
  )
  const isOverBy = ({ ended }: Call) =>
    [over, givenUp].some((commit) => commit && ended && commit.order < ended.order)
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
  const token = newestOf(chronicle, session.key, began.order)?.tokens['']
  const endedAt = time.now() - (time.elapsed - (ended?.time ?? 0)) / 1000
  const hindered = chronicle.storeTroubles.some((trouble) => {
    return (
      trouble.instance === instance &&
      trouble.order > began.order &&
      trouble.order < (ended?.order ?? Infinity)
    )
  })
  return !!token && token.expiresAt - endedAt > MARGIN_SECONDS && !hindered && !wrongClocks(outcome)
}

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
  settles: everythingEnds,
  usable: (outcome) => {
    const { verdict, why } = verdictOf(outcome)
    return verdict === 'wrong' ? [why] : []
  },
} satisfies Record<string, Check>

export type Invariant = keyof typeof checks
export const INVARIANTS: readonly Invariant[] = Object.keys(checks) as Invariant[]

/** What was violated in a run; empty if all is well. */
export function violationsOf(outcome: Outcome): { readonly invariant: Invariant; readonly what: string }[] {
  return INVARIANTS.flatMap((invariant) => checks[invariant](outcome).map((what) => ({ invariant, what })))
}
