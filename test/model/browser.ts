import { createCookieMap } from '@evertoken/testkit'

/** A browser that remembers all cookies that it has ever held. */
export interface Browser {
  readonly grant: number
  readonly cookies: () => ReadonlyMap<string, string>
  readonly past: () => readonly ReadonlyMap<string, string>[]
  take(setCookies: readonly string[]): void
}

export function createBrowser(grant: number, name: string, value: string): Browser {
  let jar: ReadonlyMap<string, string> = new Map([[name, value]])
  const past = [jar]
  return {
    grant,
    cookies: () => jar,
    past: () => past,
    take(setCookies) {
      if (setCookies.length === 0) return
      const next = createCookieMap({ cookies: jar })
      next.keep(setCookies)
      jar = next
      past.push(jar)
    },
  }
}
