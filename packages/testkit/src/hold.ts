/** A place where requests or store operations wait until the test releases them. */
export interface Hold {
  /** Resolves when the first request arrives here. */
  readonly reached: Promise<void>
  /** Releases all requests that wait here, and all later ones. */
  release(): void
  /** Called by the server or store: arrives, and waits for the release. */
  wait(): Promise<void>
}

export function createHold(): Hold {
  const arrival = createSignal()
  const departure = createSignal()
  return {
    reached: arrival.given,
    release: departure.give,
    wait() {
      arrival.give()
      return departure.given
    },
  }
}

function createSignal(): { readonly given: Promise<void>; readonly give: () => void } {
  const listeners: (() => void)[] = []
  const given = new Promise<void>((resolve) => listeners.push(resolve))
  return { given, give: () => listeners.forEach((resolve) => resolve()) }
}
