import { append, set } from '../fapi/deviations.ts'
import { CLIENT_ID } from '../fapi/variant.ts'
import type { Refusal } from '../verdict.ts'
import {
  type FapiModule,
  hasPlainResponse,
  isOidc,
  refusesIdToken,
  refusesResponse,
  stopsAfter,
  TWO_AUDIENCES,
  usesDpop,
} from './fapi.ts'
import { MISSING_CLAIM, WRONG_CLAIM, WRONG_SIGNATURE } from './module.ts'

const PREFIX = 'fapi2-security-profile-final-client-test'
const SIX_MINUTES = 360
const EXPIRED: Refusal = { ...WRONG_CLAIM, cause: 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED' }
const WRONG_RESPONSE = MISSING_CLAIM
const WRONG_STATE: Refusal = { code: 'login_transaction_invalid' }

/** Changes the letters of a text from one case to the other, except the first. */
function withOtherCase(text: unknown): string {
  return String(text) === 'DPoP' ? 'dpOp' : 'bEARER'
}

/** Group G: FAPI 2.0 Security Profile (final). */
export const FAPI_SECURITY_PROFILE: readonly FapiModule[] = [
  { name: `${PREFIX}-happy-path` },
  { name: `${PREFIX}-happy-path-no-dpop-nonce`, appliesTo: usesDpop, provider: { nonces: false } },
  {
    name: `${PREFIX}-discovery-issuer-mismatch`,
    misbehaviour: { metadata: append('issuer', 'INVALID') },
    run: (world) => stopsAfter(world, 'discovery', { code: 'authorization_server_metadata_invalid' }),
  },
  refusesIdToken(`${PREFIX}-invalid-iss`, { idToken: append('iss', '1') }, WRONG_CLAIM),
  refusesIdToken(`${PREFIX}-invalid-aud`, { idToken: append('aud', '1') }, WRONG_CLAIM),
  refusesIdToken(`${PREFIX}-invalid-nonce`, { idToken: append('nonce', '1') }, WRONG_CLAIM),
  refusesIdToken(`${PREFIX}-invalid-missing-iss`, { idToken: set('iss', undefined) }, MISSING_CLAIM),
  refusesIdToken(`${PREFIX}-invalid-missing-aud`, { idToken: set('aud', undefined) }, MISSING_CLAIM),
  refusesIdToken(`${PREFIX}-invalid-missing-exp`, { idToken: set('exp', undefined) }, MISSING_CLAIM),
  refusesIdToken(`${PREFIX}-invalid-missing-nonce`, { idToken: set('nonce', undefined) }, MISSING_CLAIM),
  refusesIdToken(
    `${PREFIX}-invalid-expired-exp`,
    { idToken: (claims) => ({ ...claims, exp: Number(claims['iat']) - SIX_MINUTES }) },
    EXPIRED,
  ),
  refusesIdToken(`${PREFIX}-invalid-secondary-aud`, { idToken: set('aud', TWO_AUDIENCES) }, WRONG_CLAIM),
  refusesIdToken(`${PREFIX}-invalid-null-alg`, { idTokenSignature: 'none' }, WRONG_SIGNATURE),
  refusesIdToken(`${PREFIX}-invalid-alternate-alg`, { idTokenSignature: 'alternate' }, WRONG_SIGNATURE),
  {
    name: `${PREFIX}-valid-aud-as-array`,
    appliesTo: isOidc,
    provider: { idToken: set('aud', [CLIENT_ID]) },
  },
  {
    ...refusesResponse(
      `${PREFIX}-invalid-authorization-response-iss`,
      { authorizationResponse: append('iss', '1') },
      WRONG_RESPONSE,
    ),
    appliesTo: hasPlainResponse,
  },
  {
    ...refusesResponse(
      `${PREFIX}-remove-authorization-response-iss`,
      { authorizationResponse: set('iss', undefined) },
      WRONG_RESPONSE,
    ),
    appliesTo: hasPlainResponse,
  },
  refusesResponse(
    `${PREFIX}-ensure-authorization-response-with-invalid-state-fails`,
    { authorizationResponse: append('state', '1') },
    WRONG_STATE,
  ),
  refusesResponse(
    `${PREFIX}-ensure-authorization-response-with-invalid-missing-state-fails`,
    { authorizationResponse: set('state', undefined) },
    WRONG_STATE,
  ),
  {
    name: `${PREFIX}-token-endpoint-response-without-expires_in`,
    provider: { tokenResponse: set('expires_in', undefined) },
  },
  {
    name: `${PREFIX}-token-type-case-insensitivity`,
    provider: {
      tokenResponse: (members) => ({ ...members, token_type: withOtherCase(members['token_type']) }),
    },
  },
  {
    name: `${PREFIX}-rs-dpop-auth-scheme-case-insensitivity`,
    appliesTo: usesDpop,
    provider: { challengeScheme: 'dPoP' },
  },
]
