import { createMemoryStore, type EvertokenEvent } from '@evertoken/core'
import { type ConnectedAccount, type Connections, createConnections } from '@evertoken/node/connections'
import {
  type AuthorizationServerOptions,
  createAuthorizationServer,
  createBrowser,
  createManualClock,
} from '@evertoken/testkit'
import { SECRET } from './connection-owners.ts'

export const APP = 'https://app.example.com'
export const CONNECT = '/connections/google/connect?returnTo=/settings'

/** The user whom the cookie of the application names. */
export const userOf = (request: Request): string | undefined =>
  /\buser=(\w+)/.exec(request.headers.get('cookie') ?? '')?.[1]

/** An application that signs users in by itself, and lets them connect accounts at a model server. */
export function createConnectingApplication(server: Partial<AuthorizationServerOptions> = {}) {
  const clock = createManualClock()
  const authorizationServer = createAuthorizationServer({ clock, accessTokenSeconds: 300, ...server })
  const store = createMemoryStore({ clock })
  const events: EvertokenEvent[] = []
  const connected: ConnectedAccount[] = []
  const { id: clientId, secret: clientSecret } = authorizationServer.clients[0] ?? { id: '' }
  const { issuer } = authorizationServer
  const client = { issuer, clientId, clientSecret, scope: 'openid calendar' }

  /** @param more - Replaces options. `undefined` removes one. */
  function startProcess(more: object = {}): Connections<'google' | 'other'> {
    const options = {
      encryptionSecret: SECRET,
      store,
      baseUrl: APP,
      owner: userOf,
      providers: {
        google: { ...client, onConnected: (account: ConnectedAccount) => void connected.push(account) },
        other: client,
      },
      fetch: authorizationServer.fetch,
      onEvent: (event: EvertokenEvent) => void events.push(event),
      clock,
      ...more,
    }
    const isGiven = ([, value]: [string, unknown]) => value !== undefined
    const given = Object.fromEntries(Object.entries(options).filter(isGiven))
    return createConnections(given as unknown as typeof options & { readonly auth?: never })
  }
  const connections = startProcess()

  /** Signs the browser in with `/as/<user>`, and shows the address of all other pages. */
  const applicationOf = (routes: Pick<Connections, 'route'>) => async (request: Request) => {
    const own = routes.route(request)
    if (own) return own
    const { pathname, search } = new URL(request.url)
    const user = /^\/as\/(\w*)$/.exec(pathname)?.[1]
    const headers = user === undefined ? {} : { 'set-cookie': `user=${user}; Path=/; Secure` }
    return new Response(pathname + search, { headers })
  }
  const app = applicationOf(connections)

  /** Opens a browser in which the user is signed in. */
  async function openBrowser(user: string) {
    const browser = createBrowser({ baseUrl: APP, clock, authorizationServer })
    await browser.navigate(app, `/as/${user}`)
    return browser
  }

  return {
    clock,
    authorizationServer,
    store,
    events,
    connected,
    client,
    connections,
    startProcess,
    applicationOf,
    app,
    openBrowser,
  }
}

type World = ReturnType<typeof createConnectingApplication>
export type Browser = Awaited<ReturnType<World['openBrowser']>>

/** A click on a link of the application, or a redirect. */
export const LINK = { initiator: APP }

/** Begins, and resolves to the URL to which the authorization server sends the browser back. */
export async function begin(
  { app, authorizationServer }: Pick<World, 'app' | 'authorizationServer'>,
  browser: Browser,
  path = CONNECT,
): Promise<{ readonly location: URL; readonly callback: string }> {
  const response = await browser.navigate(app, path, { ...LINK, redirect: 'manual' })
  const location = new URL(response.headers.get('location') ?? '')
  const back = await authorizationServer.fetch(location, { redirect: 'manual' })
  return { location, callback: back.headers.get('location') ?? '' }
}

/** Returns the form of a page of an authorization server, whose script posts it. */
export function formOf(
  page: string,
): { readonly action: string; readonly body: URLSearchParams } | undefined {
  const action = /action="([^"]+)"/.exec(page)?.[1]
  if (action === undefined) return undefined
  const inputs = page.matchAll(/name="([^"]+)"[^>]*value="([^"]+)"/g)
  const fields = Array.from(inputs, ([, name = '', value = '']): [string, string] => [name, value])
  return { action, body: new URLSearchParams(fields) }
}

/** Posts the form of a page of an authorization server, as its script does. Returns the page unchanged if it has no form. */
export async function submitForm(
  app: (request: Request) => Promise<Response>,
  browser: Pick<Browser, 'navigate'>,
  page: string,
): Promise<string> {
  const { action, body } = formOf(page) ?? {}
  if (action === undefined || !body) return page
  const init = { method: 'POST', body, initiator: 'https://login.example.com' }
  const response = await browser.navigate(app, action, init)
  const [, next] = /^0;url=(.*)$/.exec(response.headers.get('refresh') ?? '') ?? []
  return (next === undefined ? response : await browser.navigate(app, next, LINK)).text()
}
