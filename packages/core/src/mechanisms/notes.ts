import type { Clock } from '../ports/clock.ts'
import { clearCookie, type CookieAttributes, setCookie } from '../rules/cookies.ts'
import { sameText } from '../rules/same-text.ts'
import type { Seal } from './seal.ts'

/** What a browser brings back to us from the authorization server, beside the state in the address. */
export interface Note {
  readonly state: string
  /** Where the browser goes in the end. */
  readonly returnTo: string
}

/** Notes in sealed cookies, good for a quarter of an hour. */
export interface Notes<T extends Note> {
  /** Resolves to the `Set-Cookie` line. */
  write(name: string, note: T): Promise<string>
  /** Resolves to `undefined` when there is none of this state, or no more. */
  read(name: string, state: string): Promise<T | undefined>
  /** The `Set-Cookie` line that makes a note usable only once. */
  clear(name: string): string
}

const NOTE_SECONDS = 900

export function createNotes<T extends Note>(
  seal: Seal,
  clock: Clock,
  cookies: ReadonlyMap<string, string>,
  attributes: CookieAttributes,
): Notes<T> {
  return {
    async write(name, note) {
      const sealed = await seal.seal({ ...note, expiresAt: clock.now() + NOTE_SECONDS })
      return setCookie(name, sealed, { ...attributes, maxAge: NOTE_SECONDS })
    },
    async read(name, state) {
      const opened = await seal.unseal(cookies.get(name) ?? '')
      if ('rejected' in opened) return undefined
      const note = opened.value as T & { readonly expiresAt: number }
      return sameText(note.state, state) && clock.now() < note.expiresAt ? note : undefined
    },
    clear: (name) => clearCookie(name, attributes),
  }
}
