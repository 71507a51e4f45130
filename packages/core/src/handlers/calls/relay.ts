import { decideHeaders } from '../../mechanisms/calls/fetched-responses.ts'
import { isImmovable, withHeaders } from '../../mechanisms/calls/with-headers.ts'
import { isRedirect } from '../../rules/calls/redirect.ts'
import { headersForBrowser } from '../../rules/calls/relayed-headers.ts'
import { ConfigurationError } from '../../vocabulary/index.ts'

/** Returns the response of an API as the browser gets it. `allowed` names further headers, in lower case. */
export function relayResponse(response: Response, isPersonal: boolean, allowed: readonly string[]): Response {
  checkSendable(response)
  decideHeaders(response)
  if (isImmovable(response)) return response
  const headers = headersForBrowser(response.headers, isPersonal, allowed)
  // The browser would continue to an address that the API chose.
  if (isRedirect(response.status)) headers.delete('location')
  return withHeaders(response, headers)
}

/** @throws {ConfigurationError} If it is not a response, or its body is used. */
export function checkSendable(response: Response): void {
  if (typeof response?.headers?.get !== 'function') throw notSendable('the handler must return one')
  if (response.bodyUsed) throw notSendable('its body is used, make one for each request')
}

function notSendable(why: string): ConfigurationError {
  return new ConfigurationError('response_not_sendable', `Cannot send the response: ${why}`)
}
