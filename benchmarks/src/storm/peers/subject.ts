import type { TokenResponse } from '@evertoken/testkit'
import type { Redis } from './redis.ts'

/** Where a subject works. All processes of a scenario have the same. */
export interface Place {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** Shared by the processes. */
  readonly redis: Redis
  /** Nothing is there at first. */
  readonly key: string
}

export interface Answer {
  /** Whether there was a token, or whatever it stands for. */
  readonly ok: boolean
  readonly setCookie?: readonly string[]
}

/** An application built on one library, for one user. */
export interface Subject {
  /** Keeps the result of a sign-in, with an access token that expires at its stated time. */
  signIn(tokens: SignedIn): Promise<readonly string[]>
  /** A request of the user that needs a current access token. */
  call(cookie: string, resource: string): Promise<Answer>
}

export type CreateSubject = (place: Place) => Promise<Subject>

export type SignedIn = TokenResponse & { readonly refresh_token: string }

export const ORIGIN = 'https://app.example.com/'
export const USER = 'user-1'

/** The forms in which libraries keep an expiry. */
export function expiryOf({ expires_in }: TokenResponse): number {
  return Math.floor(Date.now() / 1000) + expires_in
}

/** The `Cookie` header's value of that name. */
export function cookieOf(header: string, name: string): string | undefined {
  const pairs = header.split('; ').map((pair) => pair.split('='))
  return pairs.find(([each]) => each === name)?.[1]
}
