import type { OnSignIn } from '@evertoken/core'
import { expect, it, vi } from 'vitest'
import { createApplication } from './application.ts'
import { idle, signIn } from './steps.ts'

const URL_INSIDE = 'http://orders:8080/profile'

/** Calls a URL from the hook, and records what happens. The network of the cluster responds with the token. */
function callFromHook(insecureHosts: readonly string[]) {
  const results: string[] = []
  const onSignIn: OnSignIn = async (_claims, { reason, fetch }) => {
    const result = await fetch(URL_INSIDE).then(
      (response) => response.text(),
      (error: { readonly code?: string }) => String(error.code),
    )
    results.push(`${reason}: ${result.slice(0, 10)}`)
  }
  vi.stubGlobal('fetch', async (_url: string, init: RequestInit) => {
    return new Response(new Headers(init.headers).get('authorization'))
  })
  return { ...createApplication({ onSignIn, insecureHosts }), results }
}

it.each([
  ['named', ['orders'], 'Bearer at_'],
  ['not named', ['keycloak'], 'origin_not'],
])(
  'S30: the hook `onSignIn` calls a host on http that is %s in `insecureHosts`',
  async (_what, hosts, seen) => {
    const { browser, server, clock, results } = callFromHook(hosts)
    const tab = browser()
    await signIn(tab, server)
    await clock.advance(301_000)
    await tab.get('/auth/user')
    await idle(() => results.length > 1)
    vi.unstubAllGlobals()
    expect(results).toEqual([`sign_in: ${seen}`, `refresh: ${seen}`])
  },
)

it('S30: without `baseUrl`, a request for a host of `insecureHosts` can arrive over http', async () => {
  const { auth } = createApplication({ insecureHosts: ['app'], baseUrl: undefined as never })
  const response = await auth.handle(new Request('http://app:3000/'), () => new Response('done'))
  expect(await response.text()).toBe('done')
})
