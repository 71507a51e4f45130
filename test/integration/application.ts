import {
  type ClientCredentials,
  createMemoryStore,
  type EvertokenEvent,
  type EvertokenOptions,
  type ServerProfile,
} from '@evertoken/core'
import { evertoken, type Evertoken, type Handler } from '@evertoken/node'
import {
  createCookieMap,
  createFaultyStore,
  type AuthorizationServerOptions,
  type CookieMap,
  type FakeAuthorizationServer,
  type FaultyStore,
  type ManualClock,
} from '@evertoken/testkit'
import { createWorld } from '@evertoken/testkit/world'

export const origin = 'https://app.example.com'
export const kinds = ['cookie', 'server'] as const

const FROM_A_PAGE = { 'sec-fetch-site': 'same-origin' }

/** The options of a test. `undefined` removes an option. Without an issuer, it is the model server. */
export type Overrides = Partial<Omit<EvertokenOptions, 'issuer' | 'server'>> & {
  readonly issuer?: string
  readonly server?: Partial<ServerProfile>
  readonly client?: ClientCredentials
}

type Options = Omit<EvertokenOptions, 'issuer' | 'server'> & { readonly server: ServerProfile }

/** An application on a model authorization server, in virtual time. */
export interface Application {
  readonly auth: Evertoken
  readonly server: FakeAuthorizationServer
  readonly clock: ManualClock
  readonly events: EvertokenEvent[]
  readonly options: Options
  browser(handler?: Handler): Browser
}

/** A browser whose user visits the application. */
export interface Browser {
  readonly cookies: CookieMap
  /**
   * Sends the current cookies or other ones, and keeps the cookies of the response. Without `init.headers`, the request
   * comes from a page of the application.
   */
  get(path: string, cookies?: string, init?: RequestInit, answer?: Handler): Promise<Response>
  post(path: string): Promise<Response>
  cookieHeader(): string
  /** Starts a session from a token response of the authorization server. */
  signIn(expiresIn?: number): Promise<void>
}

export function createApplication(
  { issuer, server: profile, ...overrides }: Overrides = {},
  serverOptions: Omit<AuthorizationServerOptions, 'clock'> = {},
): Application {
  const world = createWorld({ baseUrl: origin, authorizationServer: serverOptions })
  const { clock, authorizationServer: server, events } = world
  const { issuer: modelIssuer, store: _shared, ...common } = world.options
  const given: Options = {
    ...common,
    server: { issuer: issuer ?? modelIssuer, ...profile },
    // The default contains a hash.
    cookieName: 'evertoken',
    ...overrides,
  }
  // A test removes an option with `undefined`.
  const isGiven = ([, value]: [string, unknown]) => value !== undefined
  const options = Object.fromEntries(Object.entries(given).filter(isGiven)) as unknown as Options
  const auth = evertoken(options)
  const browser = (handler?: Handler) => createBrowser(auth, server, handler ?? answerWithToken(auth))
  return { auth, server, clock, events, options, browser }
}

/** Creates a faulty store in memory, which never lets a record expire. If it is `shared`, it outlives the process. */
export function createTestStore({ shared = false } = {}): FaultyStore {
  const memory = createMemoryStore({ clock: { now: () => 0, elapsed: () => 0 } })
  return createFaultyStore({ ...memory, outlivesProcess: shared })
}

/** Responds with the value of the token, which only a test may do. */
export function answerWithToken(auth: Evertoken): Handler {
  return async () => {
    const token = await auth.getUserAccessToken()
    return new Response(token?.value ?? 'nobody', { status: token ? 200 : 401 })
  }
}

export function createBrowser(auth: Evertoken, server: FakeAuthorizationServer, handler: Handler): Browser {
  const cookies = createCookieMap({ url: origin })

  async function send(path: string, cookie = cookies.header(), init: RequestInit = {}, answer = handler) {
    const headers = new Headers(init.headers ?? FROM_A_PAGE)
    if (cookie !== '') headers.set('cookie', cookie)
    const response = await auth.handle(new Request(new URL(path, origin), { ...init, headers }), answer)
    cookies.keep(response)
    return response
  }

  return {
    cookies,
    cookieHeader: cookies.header,
    get: send,
    post: (path) => send(path, undefined, { method: 'POST', headers: FROM_A_PAGE }),
    async signIn(expiresIn = 300) {
      const response = await server.issue({ expiresIn })
      await send('/', undefined, {}, async () => {
        await auth.startSession(response, { claims: { sub: 'user-1' } })
        return new Response()
      })
    },
  }
}

export function currentRefreshToken(server: FakeAuthorizationServer): string | undefined {
  return server.grants.currentRefreshToken('user-1')
}
