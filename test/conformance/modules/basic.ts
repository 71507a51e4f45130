import { severalKeysWithoutId, singleKeysWithoutId } from '../decoy-keys.ts'
import { USER_INFO } from '../provider.ts'
import {
  claimsOf,
  done,
  must,
  mustBeRefused,
  parametersOf,
  signIn,
  stop,
  userInfoRequests,
} from '../verdict.ts'
import { append, set, MISSING_CLAIM, type Module, refuses, WRONG_CLAIM, WRONG_SIGNATURE } from './module.ts'

const PREFIX = 'oidcc-client-test'
const RS256 = { algorithm: 'RS256' } as const
const WITHOUT_KEY_ID = { signature: { header: { kid: undefined } } }

/** Group A: the plan Basic RP. */
export const BASIC: readonly Module[] = [
  {
    name: PREFIX,
    async run(world) {
      await done(world)
      const nonce = parametersOf(world, 'authorize').get('nonce') ?? ''
      if (!/^[\w.~-]{0,43}$/.test(nonce)) world.remark('the nonce is long or has unusual characters')
    },
  },
  refuses(`${PREFIX}-invalid-iss`, append('iss', '1'), WRONG_CLAIM),
  refuses(`${PREFIX}-missing-sub`, set('sub', undefined), MISSING_CLAIM),
  refuses(`${PREFIX}-invalid-aud`, append('aud', '1'), WRONG_CLAIM),
  refuses(`${PREFIX}-missing-iat`, set('iat', undefined), MISSING_CLAIM),
  refuses(`${PREFIX}-nonce-invalid`, append('nonce', '1'), WRONG_CLAIM),
  {
    name: `${PREFIX}-kid-absent-single-jwks`,
    provider: { ...RS256, ...WITHOUT_KEY_ID, keySet: singleKeysWithoutId },
  },
  {
    // The suite accepts both results. Evertoken tries the keys that fit.
    name: `${PREFIX}-kid-absent-multiple-jwks`,
    provider: { ...RS256, ...WITHOUT_KEY_ID, keySet: severalKeysWithoutId },
  },
  { name: `${PREFIX}-idtoken-sig-rs256`, provider: RS256 },
  {
    // The suite accepts both results. Evertoken never accepts a token without a signature.
    name: `${PREFIX}-idtoken-sig-none`,
    misbehaviour: { signature: { signature: 'none' } },
    async run(world) {
      await stop(world, WRONG_SIGNATURE)
      world.remark('the suite reports it as skipped')
    },
  },
  {
    name: `${PREFIX}-invalid-sig-rs256`,
    provider: RS256,
    misbehaviour: { signature: { signature: 'broken' } },
    run: (world) => stop(world, WRONG_SIGNATURE),
  },
  {
    // The suite sees only the request. Evertoken must call UserInfo during the sign-in, refuse a response with another
    // `sub`, and keep none of its claims.
    name: `${PREFIX}-userinfo-invalid-sub`,
    misbehaviour: { userInfo: { sub: 'user-subject-1234531invalid' } },
    async control(world) {
      await done(world)
      must((await claimsOf(world))?.['name'] === USER_INFO.name, 'the session has no claims of UserInfo')
    },
    async run(world) {
      await signIn(world)
      must(userInfoRequests(world) > 0, 'UserInfo was not called')
      mustBeRefused(world, { code: 'authorization_response_invalid' })
    },
  },
  {
    name: `${PREFIX}-scope-userinfo-claims`,
    application: { scope: 'openid profile' },
    async run(world) {
      await done(world)
      const scope = parametersOf(world, 'authorize').get('scope') ?? ''
      must(/\b(?:profile|email|phone|address)\b/.test(scope), 'the scope requests no claims of UserInfo')
    },
  },
  {
    // The checks of all token requests look at the header.
    name: `${PREFIX}-client-secret-basic`,
    provider: { metadata: { token_endpoint_auth_methods_supported: ['client_secret_basic'] } },
  },
]
