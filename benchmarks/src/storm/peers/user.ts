import type { CallResult } from './messages.ts'
import type { Processes } from './processes.ts'
import type { SignedIn } from './subject.ts'

/** The user's browser. If several responses arrive at the same time, the cookies of the last one win. */
export interface User {
  /** The value of the `Cookie` header. */
  cookie(): string
  /** Calls in all processes at the same time, one for each resource. */
  callEverywhere(resources: readonly string[]): Promise<CallResult[]>
  /** One call in one process, with an older cookie if there is one. */
  call(resource: string, cookie?: string): Promise<CallResult>
}

/** @param aheadSeconds - How far the clocks are ahead of the machine's. */
export async function signIn(
  processes: Processes,
  tokens: SignedIn,
  aheadSeconds: () => number,
): Promise<User> {
  const cookies = new Map<string, string>()
  const cookie = () => [...cookies].map((pair) => pair.join('=')).join('; ')

  function keep(setCookie: readonly string[]) {
    for (const line of setCookie) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/; *max-age=0(?:;|$)/i.test(line)) cookies.delete(name)
      else cookies.set(name, value)
    }
  }

  keep(await processes.signIn(tokens))
  return {
    cookie,
    async callEverywhere(resources) {
      const burst = { aheadSeconds: aheadSeconds(), cookie: cookie(), resources }
      const results = await processes.everywhere(burst)
      for (const { setCookie } of results.toSorted((a, b) => a.at - b.at)) keep(setCookie)
      return results
    },
    async call(resource, sent = cookie()) {
      const burst = { aheadSeconds: aheadSeconds(), cookie: sent, resources: [resource] }
      const [result] = await processes.anywhere(burst)
      if (!result) throw new Error('The process gave no result')
      keep(result.setCookie)
      return result
    },
  }
}
