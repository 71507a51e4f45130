import { claimsOf, done, must, mustBeRefused, parametersOf, stop, userInfoRequests } from '../verdict.ts'
import { USER_INFO } from '../provider.ts'
import { set, MISSING_CLAIM, type Module, refuses, WRONG_SIGNATURE } from './module.ts'

const PREFIX = 'oidcc-client-test'
const BROKEN = { signature: { signature: 'broken' } } as const
/** An unsigned JWT with an address and a phone number. */
const AGGREGATED = [{ alg: 'none' }, { address: { country: 'UK' }, phone_number: '+44 20 7946 0000' }]
  .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  .join('.')

/** Group C: further modules of the code flow. */
export const CODE_FLOW: readonly Module[] = [
  refuses(`${PREFIX}-missing-aud`, set('aud', undefined), MISSING_CLAIM),
  {
    name: `${PREFIX}-invalid-sig-es256`,
    provider: { algorithm: 'ES256' },
    misbehaviour: BROKEN,
    run: (world) => stop(world, WRONG_SIGNATURE),
  },
  {
    name: `${PREFIX}-invalid-sig-hs256`,
    provider: { algorithm: 'HS256' },
    application: { server: { idTokenSigningAlgorithm: 'HS256' } },
    misbehaviour: BROKEN,
    run: (world) => stop(world, WRONG_SIGNATURE),
  },
  {
    name: `${PREFIX}-userinfo-bearer-header`,
    async run(world) {
      await done(world)
      const calls = world.provider.server.log.filter(({ kind }) => kind === 'userinfo')
      const isInHeader = calls.every(({ headers }) => headers.get('authorization')?.startsWith('Bearer '))
      must(isInHeader, 'the access token was not in the header')
    },
  },
  {
    name: `${PREFIX}-userinfo-bearer-body`,
    notApplicable: 'Evertoken sends access tokens only in the header, as RFC 9700 recommends',
  },
  {
    // The suite has no bad variant. Evertoken must call UserInfo during the sign-in, and keep the claims that it verified.
    name: `${PREFIX}-userinfo-signed`,
    provider: { userInfoAlgorithm: 'RS256' },
    async run(world) {
      await done(world)
      must((await claimsOf(world))?.['name'] === USER_INFO.name, 'the session has no claims of UserInfo')
    },
  },
  {
    // The suite sees only the request. Evertoken must show the error, and must not request tokens.
    name: `${PREFIX}-form-post-error`,
    application: { responseMode: 'form_post' },
    misbehaviour: {
      authorization: {
        type: 'parameters',
        set: { error: 'login_required', error_description: 'This is a login_required error response' },
        omit: ['code'],
      },
    },
    async run(world) {
      const { provider, tab } = world
      const page = await tab.open('/auth/login')
      const mode = parametersOf(world, 'authorize').get('response_mode')
      must(mode === 'form_post', 'no form post was requested')
      must((await page.text()).includes('login_required'), 'the page does not show the error')
      must(provider.server.counts.token === 0, 'tokens were requested after an error')
      mustBeRefused(world, { code: 'login_required' })
    },
  },
  {
    name: `${PREFIX}-aggregated-claims`,
    provider: {
      userInfo: {
        _claim_names: { address: 'src1', phone_number: 'src1' },
        _claim_sources: { src1: { JWT: `${AGGREGATED}.` } },
      },
    },
    async run(world) {
      await done(world)
      must(
        (await claimsOf(world))?.['phone_number'] === undefined,
        'a claim without a signature was accepted',
      )
      must(userInfoRequests(world) > 0, 'UserInfo was not called')
    },
  },
  {
    name: `${PREFIX}-distributed-claims`,
    notApplicable: 'Evertoken requests no claims from servers that a response names',
  },
  {
    name: `${PREFIX}-mtls-endpoint-aliases`,
    notApplicable: 'the model server asks for no certificate; the modules of `fapi mtls` use the aliases',
  },
]
