/**
 * The latest responses that the calls of one request have brought. Node cancels the body of a fetched response that
 * nobody holds any more, although another response, made of that same body, is still to be sent.
 */
export interface HeldResponses {
  /** @returns The same response. */
  hold(response: Response): Response
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
      held[turn] = response
      turn = (turn + 1) % MAX_HELD
      return response
    },
    passTo(response) {
      heldBy.set(response, held)
    },
  }
}
