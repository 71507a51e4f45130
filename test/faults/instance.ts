import type { Browser } from './browser.ts'
import type { Call, Chronicle } from './chronicle.ts'
import type { User } from './linked-store.ts'
import type { Machine } from './virtual-time.ts'
import type { Fetch } from './wire.ts'
import type { Signed } from './world.ts'

export const ORIGIN = 'https://app.example.com'

/** One process of the application. */
export interface Instance {
  readonly user: User
  readonly machine: Machine
  /** Asks for a token, in a request of this browser. */
  call(browser: Browser, how: How, about: CallOptions): Promise<Call>
  /** Stores the grant of a user. Resolves to the key of its record. */
  signIn(browser: Browser, sub: string, tokens: unknown): Promise<string>
  /** The user signs out, or disconnects. */
  signOut(signed: Signed): Promise<void>
  /** The application revokes the refresh token. */
  giveUp(signed: Signed): Promise<void>
}

export interface CallOptions {
  readonly sub: string
  readonly probe?: boolean
  /** Cookies of an earlier time. */
  readonly cookies?: string
  readonly signal?: AbortSignal | undefined
}

/** By the current session, by a token fetch, or by the session named explicitly. */
export const HOWS = ['ambient', 'fetch', 'explicit'] as const
export type How = (typeof HOWS)[number]

/** The surroundings of one process. */
export interface InstanceParts {
  readonly user: User
  readonly machine: Machine
  readonly chronicle: Chronicle
  readonly resourceServer: Fetch
}
