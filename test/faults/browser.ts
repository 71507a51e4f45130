import type { Chronicle } from './chronicle.ts'

/** A cookie jar. */
export interface Browser {
  /** The cookies of now, as a header. */
  header(): string
  /** Keeps the cookies of a response, and writes down what anybody could read in it. */
  take(response: Response): void
}

export function createBrowser({ texts }: Chronicle): Browser {
  const cookies = new Map<string, string>()
  return {
    header: () => [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
    take({ status, headers }) {
      texts.push({ where: 'a response', text: `${status} ${JSON.stringify([...headers])}` })
      for (const line of headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        if (line.includes('Max-Age=0')) cookies.delete(name)
        else cookies.set(name, value)
      }
    },
  }
}
