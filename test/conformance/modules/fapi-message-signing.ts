import { append, type Deviations, set } from '../fapi/deviations.ts'
import { type FapiModule, JARM_REFUSED, refusesResponse } from './fapi.ts'

const PREFIX = 'fapi2-security-profile-final-client-test-ensure-jarm'
const SIX_MINUTES = 360
const RESPONSE_SECONDS = 600

function refuses(name: string, misbehaviour: Deviations): FapiModule {
  return refusesResponse(`${PREFIX}-${name}`, misbehaviour, JARM_REFUSED)
}

/** Group H: the modules that FAPI 2.0 Message Signing adds. They need signed responses. */
export const FAPI_MESSAGE_SIGNING: readonly FapiModule[] = [
  refuses('without-iss-fails', { authorizationResponse: set('iss', undefined) }),
  refuses('without-aud-fails', { authorizationResponse: set('aud', undefined) }),
  refuses('without-exp-fails', { authorizationResponse: set('exp', undefined) }),
  refuses('with-invalid-iss-fails', { authorizationResponse: append('iss', '1') }),
  refuses('with-invalid-aud-fails', { authorizationResponse: append('aud', '1') }),
  refuses('with-expired-exp-fails', {
    authorizationResponse: (claims) => ({
      ...claims,
      exp: Number(claims['exp']) - RESPONSE_SECONDS - SIX_MINUTES,
    }),
  }),
  refuses('with-invalid-sig-fails', { responseSignature: 'broken' }),
  refuses('signature-is-not-none', { responseSignature: 'none' }),
]
