import { USER_INFO_PAGE } from '../application.ts'
import { must, parametersOf, userInfoRequests } from '../verdict.ts'
import type { World } from '../world.ts'
import type { Module } from './module.ts'

/** Opens the login route as a link on a page of the provider does. */
function initiate(
  { provider: { server }, tab }: World,
  parameters: Record<string, string>,
): Promise<Response> {
  return tab.open(`/auth/login?${new URLSearchParams(parameters)}`, { initiator: server.issuer })
}

/** Group F: a sign-in that the provider starts. The suite requires https, except on loopback. */
export const THIRD_PARTY: readonly Module[] = [
  {
    name: 'oidcc-client-test-3rd-party-init-login',
    async run(world) {
      const { provider, tab, application, baseUrl } = world
      const { server } = provider
      const { issuer } = server
      await initiate(world, { iss: issuer })
      must((await tab.open(USER_INFO_PAGE)).status === 200, 'the sign-in failed')
      must(userInfoRequests(world) > 0, 'UserInfo was not called')
      // Own checks, because the suite sends only the issuer: Evertoken must treat `target_link_uri` as `returnTo`, and
      // compare the issuer.
      const page = await initiate(world, {
        iss: issuer,
        login_hint: 'ada',
        target_link_uri: `${baseUrl}/there`,
      })
      must(parametersOf(world, 'authorize').get('login_hint') === 'ada', '`login_hint` was not passed on')
      // Another site chose the destination, so the user must confirm it.
      must((await page.text()).includes('href="/there"'), '`target_link_uri` was not offered')
      const before = server.counts.authorize
      await initiate(world, { iss: `${issuer}other` })
      must(server.counts.authorize === before, 'a sign-in started for another issuer')
      const failure = application.events.find((event) => event.type === 'sign_in_failed')
      must(failure?.code === 'login_request_invalid', 'another issuer was not refused')
    },
  },
]
