import { USER_INFO_PAGE } from '../application.ts'
import type { ProviderOptions } from '../provider.ts'
import { done, must, userInfoRequests } from '../verdict.ts'
import type { World } from '../world.ts'
import { append, type Module } from './module.ts'

const PREFIX = 'oidcc-client-test-refresh-token'
/** The provider reports no lifetime. After this time, Evertoken refreshes. */
const LATER_SECONDS = 3600

/** Signs in, and then calls UserInfo at a time when the access token must be refreshed. */
async function refreshLater(world: World): Promise<{ readonly response: Response; readonly before: number }> {
  await done(world)
  const before = userInfoRequests(world)
  world.clock.advance(LATER_SECONDS)
  const response = await world.tab.open(USER_INFO_PAGE)
  must(world.provider.server.counts.refresh === 1, 'the refresh did not come')
  return { response, before }
}

async function refreshed(world: World): Promise<void> {
  const { response, before } = await refreshLater(world)
  must(response.status === 200, `UserInfo was not called: the page responded with ${response.status}`)
  must(userInfoRequests(world) > before, 'UserInfo was not called after the refresh')
  const tokens = world.provider.server.log
    .filter(({ kind }) => kind === 'userinfo')
    .map(({ headers }) => headers.get('authorization'))
  must(new Set(tokens).size > 1, 'UserInfo was called with the old access token')
}

function refusesRefresh(name: string, refreshedIdToken: ProviderOptions['refreshedIdToken']): Module {
  return {
    name,
    provider: { refreshTokens: true },
    misbehaviour: refreshedIdToken ? { refreshedIdToken } : {},
    application: { scope: 'openid profile email offline_access' },
    control: refreshed,
    async run(world) {
      const { before } = await refreshLater(world)
      must(userInfoRequests(world) === before, 'UserInfo was called, although the refresh is invalid')
      const ended = world.application.events.find((event) => event.type === 'session_ended')
      must(ended?.reason === 'subject_changed', 'the session did not end because of another user')
    },
  }
}

/** Group D: refreshes. */
export const REFRESH: readonly Module[] = [
  {
    name: PREFIX,
    provider: { refreshTokens: true },
    application: { scope: 'openid profile email offline_access' },
    run: refreshed,
  },
  refusesRefresh(`${PREFIX}-invalid-issuer`, append('iss', '1')),
  refusesRefresh(`${PREFIX}-invalid-sub`, append('sub', '1')),
]
