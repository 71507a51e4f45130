import {
  type CustomTokenRequest,
  toServerRequest,
  type TokenRequestProfile,
} from '../../rules/protocol/token-request-form.ts'
import { createCustomRequest, type TokenRequestMechanism } from './custom-requests.ts'

/** Changes the requests of a server whose `tokenRequest` differs. */
export const TOKEN_REQUEST_MECHANISM: TokenRequestMechanism = {
  adapt:
    (send, profile) =>
    (url, init: RequestInit = {}) => {
      if (!(init.body instanceof URLSearchParams)) return send(url, init)
      const request = toServerRequest({ url, init }, profile)
      return send(request.url, request.init)
    },
}

/** Creates the value of a preset, whose profile needs no check. */
export function presetTokenRequest(profile: TokenRequestProfile): CustomTokenRequest {
  return createCustomRequest<CustomTokenRequest>(profile, TOKEN_REQUEST_MECHANISM)
}
