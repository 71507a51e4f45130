/** A fault, `undefined` for an honest response, or a function that chooses one for each request. */
export type ScriptEntry<Fault, Request> = Fault | undefined | ((request: Request) => Fault | undefined)

/** The faults of the next requests, and those that apply to all others. */
export interface FaultScript<Kind extends string, Fault, Request> {
  /** Queues faults for the next requests of a kind, one for each request and in order. */
  readonly script: (
    kind: Kind,
    entries: ScriptEntry<Fault, Request> | readonly ScriptEntry<Fault, Request>[],
  ) => void
  /** Sets the fault of every request of a kind that has no queued entry. `undefined` ends it. */
  readonly always: (kind: Kind, entry: ScriptEntry<Fault, Request>) => void
  readonly next: (request: Request) => Fault | undefined
}

export interface FaultScriptOptions<Kind extends string, Fault> {
  /** The kind that means all of them. Specific entries are used first. */
  readonly wildcard?: Kind
  /** Throws if a fault cannot happen to that kind of request. */
  readonly check?: (kind: Kind, fault: Fault) => void
}

export function createFaultScript<Kind extends string, Fault extends object, Request extends { kind: Kind }>(
  options: FaultScriptOptions<Kind, Fault> = {},
): FaultScript<Kind, Fault, Request> {
  type Entry = ScriptEntry<Fault, Request>
  const queues = new Map<Kind, Entry[]>()
  const lasting = new Map<Kind, Entry>()

  function check(kind: Kind, entry: Entry): Entry {
    if (entry && typeof entry !== 'function') options.check?.(kind, entry)
    return entry
  }

  function queuedFor(kind: Kind | undefined): Entry[] | undefined {
    const queue = kind === undefined ? undefined : queues.get(kind)
    return queue && queue.length > 0 ? queue : undefined
  }

  function entryFor(kind: Kind): Entry {
    const queue = queuedFor(kind) ?? queuedFor(options.wildcard)
    if (queue) return queue.shift()
    return lasting.get(kind) ?? (options.wildcard === undefined ? undefined : lasting.get(options.wildcard))
  }

  return {
    script(kind, entries) {
      const added: readonly Entry[] = isList(entries) ? entries : [entries]
      queues.set(kind, [...(queues.get(kind) ?? []), ...added.map((entry) => check(kind, entry))])
    },
    always(kind, entry) {
      lasting.set(kind, check(kind, entry))
    },
    next(request) {
      const entry = entryFor(request.kind)
      return typeof entry === 'function' ? entry(request) : entry
    },
  }
}

function isList<Entry>(entries: Entry | readonly Entry[]): entries is readonly Entry[] {
  return Array.isArray(entries)
}
