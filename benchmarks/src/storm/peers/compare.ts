import { installPeers, versionOf } from '../../peers/install.ts'
import { printOutcomes } from './outcomes.ts'
import { type Contestant, type Outcome, play, type Scenario } from './scenario.ts'

interface Entry extends Contestant {
  readonly name: string
  readonly scenarios: readonly Scenario[]
}

const ONE: Scenario = { processes: 1, callers: 20 }
const FOUR: Scenario = { processes: 4, callers: 5 }
const LATE: Scenario = { processes: 1, callers: 1, late: true }
const MIXED: Scenario = { ...ONE, resources: ['https://orders.example.com/', 'https://profile.example.com/'] }

const OURS: readonly Entry[] = [
  { name: 'Evertoken, cookie session', subject: 'evertokenCookie', scenarios: [ONE, FOUR, LATE, MIXED] },
  { name: 'Evertoken, server session', subject: 'evertokenServer', scenarios: [ONE, FOUR, LATE, MIXED] },
]

const OPENID = 'openid offline_access'
const atproto = `${versionOf('@atproto/oauth-client')}, refresh engine only`
const badgateway = versionOf('@badgateway/oauth2-client')

/** Each over several processes where it has a shared store, or keeps everything in a cookie. */
const PEERS: readonly Entry[] = [
  { name: versionOf('@auth0/auth0-server-js'), subject: 'auth0', scenarios: [ONE, FOUR] },
  { name: versionOf('better-auth'), subject: 'betterAuth', scenarios: [ONE] },
  { name: versionOf('@hono/oidc-auth'), subject: 'oidcAuth', scenarios: [ONE, FOUR, LATE] },
  {
    name: versionOf('@workos/authkit-session'),
    subject: 'authkit',
    scope: OPENID,
    scenarios: [ONE, FOUR, LATE],
  },
  { name: atproto, subject: 'atproto', scenarios: [ONE, FOUR] },
  { name: `${atproto}, with requestLock`, subject: 'atprotoLock', scenarios: [ONE, FOUR] },
  { name: `${badgateway}, one per process`, subject: 'badgateway', scenarios: [ONE, FOUR] },
  { name: `${badgateway}, one per request`, subject: 'badgatewayPerRequest', scenarios: [ONE, FOUR] },
  {
    name: versionOf('@logto/client'),
    subject: 'logto',
    clientId: 'public',
    scope: OPENID,
    scenarios: [MIXED],
  },
]

/**
 * Plays the same small scenarios with other libraries and with ours, and prints the results. Resolves to whether
 * Evertoken did well. The results of the others change nothing.
 */
export async function compare(redisUrl: string): Promise<boolean> {
  const peers = await playAll(installed() ? PEERS : [], redisUrl)
  const ours = await playAll(OURS, redisUrl)
  printOutcomes([...peers, ...ours])
  return ours.every(({ outcome }) => typeof outcome === 'object' && outcome.usable && isClean(outcome))
}

function installed(): boolean {
  try {
    installPeers()
    return true
  } catch {
    console.log('The peers could not be installed: only Evertoken')
    return false
  }
}

async function playAll(entries: readonly Entry[], redisUrl: string) {
  const rows = []
  for (const entry of entries) {
    for (const scenario of entry.scenarios) {
      const outcome = await play(entry, scenario, redisUrl).catch(reasonOf)
      rows.push({ name: entry.name, scenario, outcome })
    }
  }
  return rows
}

function isClean({ failed, replays }: Outcome): boolean {
  return failed + replays === 0
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown'
}
