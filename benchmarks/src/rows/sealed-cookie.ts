import { defaults, seal, unseal } from 'iron-webcrypto'
import {
  ACCESS_TOKEN,
  application,
  CLAIMS,
  ISSUER,
  REFRESH_TOKEN,
  requestWith,
  SCOPE,
  signIn,
  tokenOf,
} from '../application.ts'
import { each, interleave } from '../harness.ts'
import { micros, type Row } from '../table.ts'

const SEEN_ROUNDS = 2000
const REQUESTS_PER_ROUND = 20
const SEEN_TARGET = 15

/** More than a process remembers, so that a cookie is forgotten by the time its turn comes again. */
const COOKIES = 3000
const FIRST_SIGHT_TARGET = 1.2

/** A cookie that this process has opened before, with a new request each time. */
export async function seenCookie(): Promise<Row[]> {
  const auth = application('cookie')
  const cookie = await signIn(auth)
  await tokenOf(auth.session(requestWith(cookie)))
  const requests = () => Array.from({ length: REQUESTS_PER_ROUND }, () => requestWith(cookie))
  const call = (request: Request) => auth.session(request).getUserAccessToken()
  const { seen } = await interleave({ seen: each(requests, call) }, SEEN_ROUNDS)
  return [
    {
      what: 'Encrypted cookie, known, new request',
      target: `≤ ${SEEN_TARGET} µs`,
      measured: `${micros(seen.median)} (p99 of rounds ${micros(seen.p99)})`,
      met: seen.median <= SEEN_TARGET,
    },
  ]
}

/** A cookie that this process has never opened, next to a bare unseal of the same size. */
export async function firstSight(): Promise<Row[]> {
  const elsewhere = application('cookie')
  const cookies: string[] = []
  while (cookies.length < COOKIES) cookies.push(await signIn(elsewhere))
  const auth = application('cookie')
  const bare = await bareUnseal(cookies[0] ?? '')

  let turn = 0
  const next = () => [requestWith(cookies[turn++ % COOKIES] ?? '')]
  const times = await interleave(
    { bare: each(() => [undefined], bare), ours: each(next, (request) => tokenOf(auth.session(request))) },
    COOKIES,
  )
  const ratio = times.ours.median / times.bare.median
  return [
    {
      what: 'Encrypted cookie, new, compared with `unseal`',
      target: `≤ ${FIRST_SIGHT_TARGET} ×`,
      measured: `${ratio.toFixed(2)} × (${micros(times.ours.median)} to ${micros(times.bare.median)})`,
      met: ratio <= FIRST_SIGHT_TARGET,
    },
  ]
}

async function bareUnseal(cookie: string): Promise<() => Promise<unknown>> {
  const keys = {
    encryption: crypto.getRandomValues(new Uint8Array(32)),
    integrity: crypto.getRandomValues(new Uint8Array(32)),
  }
  const sealed = await seal(likeOurs(), keys, defaults)
  const carried = /evertoken[\w-]*=([^;]*)/.exec(cookie)?.[1]?.length ?? 0
  if (Math.abs(sealed.length - carried) > 64) {
    throw new Error(
      `The bare seal has ${sealed.length} characters, the cookie ${carried}: no fair comparison`,
    )
  }
  return () => unseal(sealed, { default: keys }, defaults)
}

/** The content of a session cookie, in the same shape. */
function likeOurs() {
  const now = Date.now() / 1000
  const token = {
    value: ACCESS_TOKEN,
    type: 'Bearer',
    obtainedAt: now,
    expiresAt: now + 3600,
    scope: SCOPE,
    attempt: 0,
    ahead: now - Math.floor(now),
  }
  return {
    id: 'i'.repeat(43),
    issuer: ISSUER,
    clientId: 'web',
    generation: 1,
    expiresAt: now + 86_400,
    lifetime: 86_400,
    login: 'l'.repeat(20),
    touchedAt: now,
    claims: CLAIMS,
    ledger: { refreshToken: REFRESH_TOKEN, scope: SCOPE, tokens: { '': token }, attempt: 0 },
  }
}
