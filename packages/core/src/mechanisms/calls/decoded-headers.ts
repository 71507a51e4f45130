import type { HeldResponses } from '../../ports/runtime.ts'
import { headersOfDecodedBody } from '../../rules/calls/relayed-headers.ts'
import { withHeaders, withMutableHeaders, withOrigin } from './with-headers.ts'

const MAX_HELD = 32
const heldBy = new WeakMap<object, Response | readonly Response[]>()

/**
 * Holds references to the latest responses.
 *
 * Node cancels the body of a fetched response when nothing references the response. Another response might still need
 * the same body.
 *
 * @returns The responses of one request. Adapters pass the function itself as the member `responses` of a `Runtime`.
 * @example
 *   const held = createHeldResponses()
 *   const response = held.hold(await fetch('https://api.example.com/orders'))
 *   held.passTo(response)
 */
export function createHeldResponses(): HeldResponses {
  const held: Response[] = []
  let turn = 0
  return {
    hold(response) {
      const { body } = response
      if (!body) return withMutableHeaders(response)
      // Node does not cancel a body that is being read.
      const free = held.findIndex(({ bodyUsed }) => bodyUsed)
      if (free !== -1) held[free] = response
      else {
        held[turn] = response
        turn = (turn + 1) % MAX_HELD
      }
      const headers = headersOfDecodedBody(response.headers)
      heldBy.set(body, response)
      if (headers === response.headers) return withMutableHeaders(response)
      return withOrigin(withHeaders(response, headers), response)
    },
    passTo(response) {
      heldBy.set(response, held)
    },
  }
}
