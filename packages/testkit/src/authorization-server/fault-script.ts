import type { Fault } from './faults.ts'
import type { IncomingRequest, RequestKind } from './model.ts'

export type FaultChooser = (request: IncomingRequest) => Fault | undefined
export type ScriptEntry = Fault | undefined | FaultChooser

export interface FaultScript {
  readonly script: (kind: RequestKind, entries: ScriptEntry | readonly ScriptEntry[]) => void
  readonly always: (kind: RequestKind, entry: ScriptEntry) => void
  readonly next: (request: IncomingRequest) => Fault | undefined
}

export function createFaultScript(): FaultScript {
  const queues = new Map<RequestKind, ScriptEntry[]>()
  const standing = new Map<RequestKind, ScriptEntry>()

  return {
    script(kind, entries) {
      const added: readonly ScriptEntry[] = isList(entries) ? entries : [entries]
      queues.set(kind, [...(queues.get(kind) ?? []), ...added])
    },
    always(kind, entry) {
      standing.set(kind, entry)
    },
    next(request) {
      const queue = queues.get(request.kind) ?? []
      const entry = queue.length > 0 ? queue.shift() : standing.get(request.kind)
      return typeof entry === 'function' ? entry(request) : entry
    },
  }
}

function isList(entries: ScriptEntry | readonly ScriptEntry[]): entries is readonly ScriptEntry[] {
  return Array.isArray(entries)
}
