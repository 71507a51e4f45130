import type { EvertokenEvent } from '@evertoken/core'
import type { FakeAuthorizationServer } from '@evertoken/testkit'
import { type Application, type Browser, origin } from './application.ts'

/** The user has typed the address, and the browser shows the response. */
export const NAVIGATION = {
  'sec-fetch-site': 'none',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  accept: 'text/html',
}

export interface Authorized {
  /** Where the login route sent the browser. */
  readonly location: URL
  /** Where the authorization server sends it back. */
  readonly callback: URL
}

/** Goes to the login route and on to the authorization server. */
export async function authorize(
  tab: Browser,
  server: FakeAuthorizationServer,
  query = '',
): Promise<Authorized> {
  const login = await tab.get(`/auth/login${query}`)
  const location = new URL(login.headers.get('location') ?? '')
  const response = await server.fetch(location, { redirect: 'manual' })
  return { location, callback: new URL(response.headers.get('location') ?? '') }
}

/** Signs in, and resolves to the response of the callback route. */
export async function signIn(tab: Browser, server: FakeAuthorizationServer, query = ''): Promise<Response> {
  const { callback } = await authorize(tab, server, query)
  return tab.get(pathOf(callback))
}

export function pathOf(url: URL): string {
  return url.pathname + url.search
}

export function locationOf(response: Response): URL {
  return new URL(response.headers.get('location') ?? '', origin)
}

export interface UserAnswer {
  readonly claims: Readonly<Record<string, unknown>>
  readonly sid?: string
  readonly sessionExpiresAt: number
  readonly logoutUrl: string
}

export async function userOf(tab: Browser, query = ''): Promise<UserAnswer> {
  return (await (await tab.get(`/auth/user${query}`)).json()) as UserAnswer
}

export function ofType<T extends EvertokenEvent['type']>(events: readonly EvertokenEvent[], type: T) {
  return events.filter((event): event is Extract<EvertokenEvent, { type: T }> => event.type === type)
}

/** Lets all work run that waits only for its turn, for a maximum number of turns. */
export async function idle(until: () => boolean, turns = 2000): Promise<void> {
  for (let i = 0; i < turns && !until(); i++) await new Promise((resolve) => setTimeout(resolve))
}

/** Whether a promise has settled, after everything that needs no timer has run. */
export async function isSettled(work: Promise<unknown>): Promise<boolean> {
  let settled = false
  const settle = () => (settled = true)
  work.then(settle, settle)
  await idle(() => settled, 50)
  return settled
}

/** Lets time pass until some work is done. In small steps: sealing is done by other threads, for which the clock does not wait. */
export async function untilDone<T>(clock: Application['clock'], work: Promise<T>): Promise<T> {
  let isDone = false
  const done = work.finally(() => (isDone = true))
  while (!isDone) await clock.advance(20)
  return done
}
