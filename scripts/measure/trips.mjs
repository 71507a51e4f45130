import { createMemoryStore } from '@evertoken/node'
import { createFaultyStore } from '@evertoken/testkit'
import { createMapStore, takeCounts } from './stores.mjs'
import { traceCore } from './trace.mjs'
import { createWorld, tokenHandler } from './world.mjs'

const BURST = 20

/**
 * The functions and files of core that one expired call of a server session enters. The store is not part of core, and
 * the server returns no ID token.
 */
export async function traceExpiredCall() {
  const { auth, browser, world } = await startTrip('server', createMapStore(), 'orders')
  world.expire()
  const session = auth.session(browser.request('/'))
  return traceCore(() => session.getUserAccessToken())
}

/** The store operations of one expired call, of a burst of them, and of a back-channel logout, by kind of session. */
export async function countStoreOperations() {
  const rows = []
  for (const kind of ['cookie', 'server']) {
    rows.push([`${kind}: one expired call`, await countTrip(kind, callExpired(1))])
    rows.push([`${kind}: a burst of ${BURST} expired calls`, await countTrip(kind, callExpired(BURST))])
    rows.push([`${kind}: a back-channel logout`, await countTrip(kind, logOut)])
  }
  return rows
}

async function startTrip(session, store, scope) {
  const backChannelLogout = store.index !== undefined
  const world = createWorld({ session, store, backChannelLogout })
  const auth = world.createInstance()
  const browser = await world.signIn(auth, { scope })
  // The first refresh also reads metadata, and learns the time of the server.
  await callExpired(1)({ auth, browser, world })
  return { auth, browser, world }
}

async function countTrip(session, trip) {
  const store = createFaultyStore(createMemoryStore())
  const rest = await startTrip(session, store, 'openid')
  takeCounts(store)
  await trip(rest)
  await rest.auth.drain()
  return takeCounts(store)
}

function callExpired(calls) {
  return async ({ auth, browser, world }) => {
    world.expire()
    const handler = tokenHandler(auth)
    await Promise.all(Array.from({ length: calls }, () => browser.fetch(handler, '/')))
  }
}

async function logOut({ auth, world }) {
  const body = new URLSearchParams({
    logout_token: await world.authorizationServer.logoutToken({ sub: 'user-1' }),
  })
  const request = new Request(`${world.options.baseUrl}/auth/back-channel-logout`, { method: 'POST', body })
  const { status } = await auth.handle(request, () => new Response(null, { status: 404 }))
  if (status !== 200) throw new Error(`The logout failed with status ${status}`)
}
