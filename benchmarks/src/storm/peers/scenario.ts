import { randomUUID } from 'node:crypto'
import { createAuthorizationServer, type FakeAuthorizationServer } from '@evertoken/testkit'
import { startProcesses } from './processes.ts'
import { type SignedIn, USER } from './subject.ts'
import type { SubjectName } from './subjects.ts'
import { signIn, type User } from './user.ts'

/** Calls at the same time, with an access token that has expired. */
export interface Scenario {
  readonly processes: number
  /** In each process. */
  readonly callers: number
  /** The callers take turns with them. Default: no resource is named. */
  readonly resources?: readonly string[]
  /** One more call when the others are done, with the cookie from before. */
  readonly late?: boolean
}

export interface Outcome {
  readonly calls: number
  readonly tokenRequests: number
  readonly ok: number
  readonly failed: number
  /** Token requests with a refresh token that was used before. */
  readonly replays: number
  readonly grantAlive: boolean
  /** The next refresh sends the refresh token that is the current one at the authorization server, and works. */
  readonly usable: boolean
}

export interface Contestant {
  readonly subject: SubjectName
  /** Default `web`, which has a secret. */
  readonly clientId?: 'web' | 'public'
  /** Default `offline_access`: no ID token. */
  readonly scope?: string
}

/** Past the access token, and past the ID token. */
const EXPIRY_SECONDS = 4000
/** A token endpoint is some way off, so that requests at the same time meet there. */
const TOKEN_ENDPOINT_MS = 50

const SECRET = 'web-secret-for-tests-only'
const CLIENTS = [{ id: 'web', secret: SECRET }, { id: 'public' }]

/**
 * Plays a scenario against a strict rotating authorization server. Rejects when the library does not get along with
 * that server at all: a call on its own has to succeed first.
 */
export async function play(contestant: Contestant, scenario: Scenario, redisUrl: string): Promise<Outcome> {
  const clock = createClock()
  const server = createAuthorizationServer({ clients: CLIENTS, clock, reuse: 'strict' })
  const listening = await server.listen()
  try {
    server.always('refresh', { type: 'delay', ms: TOKEN_ENDPOINT_MS })
    return await playAgainst(server, clock, contestant, scenario, redisUrl)
  } finally {
    await listening.close()
  }
}

async function playAgainst(
  server: FakeAuthorizationServer,
  clock: MovedClock,
  { subject, clientId = 'web', scope = 'offline_access' }: Contestant,
  scenario: Scenario,
  redisUrl: string,
): Promise<Outcome> {
  const { issuer } = server
  const start = { subject, issuer, clientId, clientSecret: SECRET, key: randomUUID(), redisUrl }
  const processes = await startProcesses(scenario.processes, start)
  try {
    const tokens = (await server.issue({ clientId, scope })) as SignedIn
    return await perform(server, clock, await signIn(processes, tokens, clock.aheadSeconds), scenario)
  } finally {
    await processes.stop()
  }
}

async function perform(
  server: FakeAuthorizationServer,
  clock: MovedClock,
  user: User,
  { callers, resources = [''], late }: Scenario,
): Promise<Outcome> {
  const [resource = ''] = resources
  clock.expire()
  const alone = await user.call(resource)
  if (!alone.ok || server.counts.refresh !== 1) throw new Error('A call on its own did not work')

  clock.expire()
  const before = user.cookie()
  const turns = Array.from({ length: callers }, (_, i) => resources[i % resources.length] ?? '')
  const results = await user.callEverywhere(turns)
  if (late) results.push(await user.call(resource, before))
  const ok = results.filter((each) => each.ok).length
  const seen = {
    calls: results.length,
    tokenRequests: server.counts.refresh - 1,
    ok,
    failed: results.length - ok,
    replays: server.counts.refresh - server.uses.size,
    grantAlive: server.grants.alive(USER),
  }

  clock.expire()
  const current = server.grants.currentRefreshToken(USER)
  const after = await user.call(resource)
  return { ...seen, usable: current !== undefined && after.ok && server.uses.get(current) === 1 }
}

type MovedClock = ReturnType<typeof createClock>

function createClock() {
  let ahead = 0
  return {
    now: () => Date.now() / 1000 + ahead,
    elapsed: () => performance.now(),
    sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
    aheadSeconds: () => ahead,
    expire: () => void (ahead += EXPIRY_SECONDS),
  }
}
