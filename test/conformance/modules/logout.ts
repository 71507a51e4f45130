import { pauseBeforeProcessing, type ScriptEntry } from '@evertoken/testkit'
import { type ProviderOptions, SID } from '../provider.ts'
import { claimsOf, done, must, parametersOf } from '../verdict.ts'
import type { World } from '../world.ts'
import { append, set, type Module } from './module.ts'

const PREFIX = 'oidcc-client-test-rp'
const RETURN_TO = '/goodbye'

/**
 * Signs out, and sends a logout token while the browser waits for the end-session endpoint.
 *
 * @param after - How the provider sends the browser back.
 * @returns The page at the end, and the response of the client to the logout token.
 */
async function signOut(
  { provider, tab }: World,
  after?: ScriptEntry,
): Promise<{ readonly page: Response; readonly response: Response }> {
  const { server } = provider
  const next = typeof after === 'function' ? undefined : after
  const pause = pauseBeforeProcessing(next)
  server.always('endSession', pause)
  const { logoutUrl } = (await (await tab.call('/auth/user')).json()) as { readonly logoutUrl: string }
  const opened = tab.open(`${logoutUrl}&returnTo=${RETURN_TO}`, { initiator: tab.visited[0]?.origin ?? '' })
  await Promise.race([pause.reached, opened])
  must(server.counts.endSession === 1, 'the end-session endpoint was not called')
  const response = await provider.sendLogoutToken()
  pause.release()
  return { page: await opened, response }
}

/** The checks of every sign-out: parameters of the request, and the end of the session. */
async function mustBeSignedOut(world: World): Promise<void> {
  const parameters = parametersOf(world, 'endSession')
  must(parameters.has('id_token_hint'), 'the request has no `id_token_hint`')
  must(
    parameters.get('post_logout_redirect_uri') === `${world.baseUrl}/`,
    'the post-logout URI is not registered',
  )
  must((await claimsOf(world)) === undefined, 'the session has not ended')
}

/** The client must answer the logout token with this status. */
function backChannel(name: string, status: 200 | 400, logoutToken?: ProviderOptions['logoutToken']): Module {
  return {
    name: `${PREFIX}-${name}`,
    ...(logoutToken && { misbehaviour: { logoutToken } }),
    control: (world) => sendLogoutToken(world, 200),
    run: (world) => sendLogoutToken(world, status),
  }
}

async function sendLogoutToken(world: World, status: 200 | 400): Promise<void> {
  await done(world)
  const { response } = await signOut(world)
  must(response.status === status, `the client responded with ${response.status} to the logout token`)
  if (response.headers.get('cache-control') !== 'no-store') world.remark('`Cache-Control` is not `no-store`')
  const rejection = world.application.events.find((event) => event.type === 'logout_token_rejected')
  const expected = status === 200 ? undefined : 'logout_token_invalid'
  must(rejection?.code === expected, `the logout token was rejected with ${JSON.stringify(rejection)}`)
  await mustBeSignedOut(world)
}

/** A sign-out after which the browser must end at this path of the application. */
function initLogout(name: string, path: string, misbehaviour?: ScriptEntry): Module {
  const run = async (world: World, after: ScriptEntry, expected: string) => {
    await done(world)
    const { page, response } = await signOut(world, after)
    must(response.status === 200, `the client responded with ${response.status} to the logout token`)
    must(page.status === 200, `the return ended with ${page.status}`)
    const last = world.tab.visited.at(-1)
    must(last?.origin === world.baseUrl && last.pathname === expected, `the return ended at ${last?.href}`)
    await mustBeSignedOut(world)
  }
  return {
    name: `${PREFIX}-${name}`,
    ...(misbehaviour && { misbehaviour: {} }),
    control: (world) => run(world, undefined, RETURN_TO),
    run: (world) => run(world, misbehaviour, path),
  }
}

/** A page of the provider that loads the logout URI of the client in a frame, and then goes on. */
function framePage({ provider: { server }, baseUrl }: World, next: string): string {
  const query = new URLSearchParams({ iss: server.issuer, sid: SID })
  const frame = `${baseUrl}/auth/front-channel-logout?${query}`.replaceAll('&', '&amp;')
  return `<!doctype html><iframe src="${frame}"></iframe><meta http-equiv="refresh" content="0;url=${next}">`
}

async function mustLoadFrame(world: World): Promise<void> {
  const frame = world.tab.visited.find(({ pathname }) => pathname === '/auth/front-channel-logout')
  must(frame !== undefined, 'the frame was not loaded')
  must((await claimsOf(world)) === undefined, 'the session has not ended')
  world.remark('the suite asks a person to look at the page')
}

/** Group E: sign-out. */
export const LOGOUT: readonly Module[] = [
  initLogout('init-logout', RETURN_TO),
  initLogout('init-logout-other-state', '/', { type: 'parameters', set: { state: 'another_INVALID' } }),
  initLogout('init-logout-no-state', '/', { type: 'parameters', omit: ['state'] }),
  backChannel('backchannel-rpinitlogout', 200),
  backChannel('backchannel-rpinitlogout-alg-none', 400, { signature: 'none' }),
  backChannel('backchannel-rpinitlogout-wrong-alg', 400, { algorithm: 'ES256' }),
  backChannel('backchannel-rpinitlogout-wrong-iss', 400, {
    claims: append('iss', 'INVALID'),
  }),
  backChannel('backchannel-rpinitlogout-wrong-aud', 400, {
    claims: append('aud', 'INVALID'),
  }),
  backChannel('backchannel-rpinitlogout-wrong-event', 400, {
    claims: set('events', { 'http://schemas.openid.net/event/foobar': {} }),
  }),
  backChannel('backchannel-rpinitlogout-no-event', 400, {
    claims: set('events', undefined),
  }),
  backChannel('backchannel-rpinitlogout-with-nonce', 400, {
    claims: set('nonce', 'a nonce'),
  }),
  {
    name: `${PREFIX}-frontchannel-rpinitlogout`,
    async run(world) {
      await done(world)
      const body = framePage(world, `${world.baseUrl}/`)
      await signOut(world, { type: 'response', headers: { 'content-type': 'text/html' }, body })
      await mustLoadFrame(world)
    },
  },
  {
    name: `${PREFIX}-frontchannel-opinitlogout`,
    async run(world) {
      await done(world)
      const { server } = world.provider
      const headers = { 'content-type': 'text/html' }
      // Any page of the provider can contain the frame.
      server.script('endSession', { type: 'response', headers, body: framePage(world, `${world.baseUrl}/`) })
      await world.tab.open(`${server.issuer}end_session`)
      await mustLoadFrame(world)
    },
  },
]
