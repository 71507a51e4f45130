/**
 * The latest responses that the calls of one request have brought. Node cancels the body of a fetched response that
 * nobody holds any more, although another response, made of that same body, is still to be sent.
 */
export interface HeldResponses {
  /** @returns The same response. */
  hold(response: Response): Response
  /** Whether the body of this response came with one of them. */
  haveBrought(response: Response): boolean
  /** Holds them for as long as this response is held. */
  passTo(response: Response): void
}

const MAX_HELD = 32
const heldBy = new WeakMap<Response, readonly Response[]>()

export function createHeldResponses(): HeldResponses {
  const held: Response[] = []
  let turn = 0
  return {
    hold(response) {
      if (!response.body) return response
      // What somebody has begun to read is not cancelled.
      const free = held.findIndex(({ bodyUsed }) => bodyUsed)
      if (free !== -1) held[free] = response
      else {
        held[turn] = response
        turn = (turn + 1) % MAX_HELD
      }
      return response
    },
    haveBrought: ({ body }) => body !== null && held.some((each) => each.body === body),
    passTo(response) {
      heldBy.set(response, held)
    },
  }
}
