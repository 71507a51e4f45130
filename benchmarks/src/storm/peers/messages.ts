import type { SignedIn } from './subject.ts'
import type { SubjectName } from './subjects.ts'

export interface Start {
  readonly subject: SubjectName
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  readonly key: string
  readonly redisUrl: string
}

/** Calls at the same time, one for each resource (`''`: none), all with the same cookie. */
export interface Burst {
  /** How far the clock of the process is ahead of the machine's. */
  readonly aheadSeconds: number
  readonly cookie: string
  readonly resources: readonly string[]
}

export interface CallResult {
  readonly ok: boolean
  readonly setCookie: readonly string[]
  /** Milliseconds, comparable between processes: a browser keeps the cookie that came last. */
  readonly at: number
}

export type Request = { readonly start: Start } | { readonly signIn: SignedIn } | { readonly burst: Burst }

export type Reply = { readonly value: unknown } | { readonly error: string }
