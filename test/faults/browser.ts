import { createCookieMap } from '@evertoken/testkit'
import type { Chronicle } from './chronicle.ts'
import { ORIGIN } from './instance.ts'

/** The browser of a user. */
export interface Browser {
  /** The current cookies, as a header. */
  header(): string
  /** Keeps the cookies of a response, and records all headers that the browser can read. */
  take(response: Response): void
}

export function createBrowser({ texts }: Chronicle): Browser {
  const cookies = createCookieMap({ url: ORIGIN })
  return {
    header: cookies.header,
    take(response) {
      const { status, headers } = response
      texts.push({ where: 'a response', text: `${status} ${JSON.stringify([...headers])}` })
      cookies.keep(response)
    },
  }
}
