import type { HeldResponses } from '../ports/runtime.ts'
import { decoded, endToEnd } from '../rules/passed-on-headers.ts'

const MAX_HELD = 32
const heldBy = new WeakMap<Response, readonly Response[]>()

/**
 * Holds the latest responses. Node cancels the body of a fetched response that nobody holds any more, although another
 * response, made of that same body, is still to be sent.
 */
export function createHeldResponses(): HeldResponses {
  const held: Response[] = []
  let turn = 0
  return {
    hold(response) {
      if (!response.body) return
      // What somebody has begun to read is not cancelled.
      const free = held.findIndex(({ bodyUsed }) => bodyUsed)
      if (free !== -1) held[free] = response
      else {
        held[turn] = response
        turn = (turn + 1) % MAX_HELD
      }
    },
    fittingHeaders({ body, headers }) {
      const isFetched = body !== null && held.some((each) => each.body === body)
      return isFetched ? decoded(endToEnd(headers)) : undefined
    },
    passTo(response) {
      heldBy.set(response, held)
    },
  }
}
