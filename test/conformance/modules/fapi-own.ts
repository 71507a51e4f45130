import { set } from '../fapi/deviations.ts'
import { ACCOUNTS_PAGE } from '../fapi/world.ts'
import { must } from '../verdict.ts'
import { type FapiModule, isOidc, JARM_REFUSED, refusesIdToken, refusesResponse, signIn } from './fapi.ts'
import { WRONG_SIGNATURE } from './module.ts'

/** A token that an API rejects sooner after its issue is not refreshed. */
const LATER_SECONDS = 60

/** Checks that the suite does not make for these plans. */
export const FAPI_OWN: readonly FapiModule[] = [
  {
    // The suite excludes it for the plain profile.
    name: 'fapi2-security-profile-final-client-refresh-token-test',
    provider: { refreshesBeforeAccess: 2 },
    async run(world) {
      const { provider, tab, clock, application } = world
      const first = await signIn(world)
      must(first.status === 401, `the rejected call was answered with ${first.status}`)
      clock.advance(LATER_SECONDS)
      const second = await tab.open(ACCOUNTS_PAGE)
      must(second.status === 200, `the second call was answered with ${second.status}`)
      const refreshes = provider.log.filter(({ kind, status }) => kind === 'refresh' && status === 200)
      must(refreshes.length === 2, `${refreshes.length} refreshes came`)
      must(!application.events.some(({ type }) => type === 'session_ended'), 'the session has ended')
    },
  },
  {
    // The suite lists only PS256. Of the algorithms that a server lists, only those of FAPI 2.0 may be used.
    ...refusesIdToken('fapi2-listed-rs256-in-id-token', { idTokenSignature: 'alternate' }, WRONG_SIGNATURE),
    provider: { metadata: set('id_token_signing_alg_values_supported', ['RS256', 'PS256']) },
  },
  {
    ...refusesResponse('fapi2-listed-rs256-in-jarm', { responseSignature: 'alternate' }, JARM_REFUSED),
    appliesTo: ({ messageSigning }) => messageSigning,
    provider: { metadata: set('authorization_signing_alg_values_supported', ['RS256', 'PS256']) },
  },
  {
    // The suite creates such keys, but does not publish them.
    name: 'fapi2-keys-of-another-type-with-the-same-id',
    appliesTo: isOidc,
    provider: { decoyKeys: true },
  },
]
