/** A browser: it holds cookies, and remembers every one that it ever held. */
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
      const next = new Map(jar)
      for (const line of setCookies) {
        const [, cookie = '', text = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        if (/max-age=0(?:;|$)/i.test(line)) next.delete(cookie)
        else next.set(cookie, text)
      }
      jar = next
      past.push(jar)
    },
  }
}
