/** The configuration asks for it. */
export class EvertokenSessions {
  readonly isEmpty = true
}

export default {
  fetch: () => new Response('nothing'),
}
