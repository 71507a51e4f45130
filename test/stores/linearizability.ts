/** The call of one client on one key, and its result. */
export type Effect =
  | { readonly kind: 'read'; readonly value?: string | undefined }
  | {
      readonly kind: 'swap'
      readonly expected?: string | undefined
      readonly next: string
      readonly won?: boolean | undefined
    }
  | { readonly kind: 'remove' }

/** One operation of a history. All times come from one monotonic clock; their unit does not matter. */
export type Operation = Effect & {
  readonly key: string
  readonly invokedAt: number
  /** Absent when the outcome is unknown. The operation may take effect at any later time, or never. */
  readonly respondedAt?: number | undefined
}

/** A key whose operations no register could have performed. */
export interface Violation {
  readonly key: string
  /** How many operations the longest order explains, of those that have a response. */
  readonly explained: number
  readonly completed: number
  /** The operations that could have come next in the longest order; none of them fits. */
  readonly blocked: readonly Operation[]
}

/**
 * Returns the first key whose operations are not linearizable, or `undefined` if the history is fine.
 *
 * A history is linearizable if every operation can be given one moment between its call and its response, such that one
 * register that performs them in the order of these moments returns the same results (Herlihy and Wing, 1990). Keys are
 * independent of each other, so each is checked on its own.
 */
export function findViolation(history: readonly Operation[]): Violation | undefined {
  const byKey = new Map<string, Operation[]>()
  for (const operation of history) {
    const others = byKey.get(operation.key)
    if (others) others.push(operation)
    else byKey.set(operation.key, [operation])
  }
  for (const [key, operations] of byKey) {
    const violation = checkKey(key, operations)
    if (violation) return violation
  }
  return undefined
}

/** The search of Wing and Gong, with the memory of visited states that Lowe added. */
function checkKey(key: string, unsorted: readonly Operation[]): Violation | undefined {
  // A read without a response has no effect and no result.
  const operations = unsorted
    .filter((each) => each.kind !== 'read' || each.respondedAt !== undefined)
    .toSorted((a, b) => a.invokedAt - b.invokedAt)
  const completed = operations.filter(hasResponse).length
  const visited = new Set<string>()
  let longest: Violation = { key, explained: -1, completed, blocked: [] }

  function search(done: Uint8Array, explainedBefore: number, value: string | undefined): boolean {
    let explained = explainedBefore
    let next = candidates(operations, done)
    // An operation that changes nothing can be put first: the others stay possible, so there is nothing to choose.
    for (let idle; (idle = next.find((index) => changesNothing(operations[index]!, value))) !== undefined;) {
      done[idle] = 1
      explained += 1
      next = candidates(operations, done)
    }
    if (explained === completed) return true
    const state = `${stateOf(done)} ${value}`
    if (visited.has(state)) return false
    visited.add(state)
    if (explained > longest.explained)
      longest = { ...longest, explained, blocked: next.map((index) => operations[index]!) }
    for (const index of next) {
      const operation = operations[index]!
      if (!canChange(operation, value)) continue
      const after = Uint8Array.from(done)
      after[index] = 1
      const written = operation.kind === 'swap' ? operation.next : undefined
      if (search(after, explained + (hasResponse(operation) ? 1 : 0), written)) return true
    }
    return false
  }

  return search(new Uint8Array(operations.length), 0, undefined) ? undefined : longest
}

function hasResponse({ respondedAt }: Operation): boolean {
  return respondedAt !== undefined
}

/** The operations that may come next: those that were called before any open one had its response; the doubtful last. */
function candidates(operations: readonly Operation[], done: Uint8Array): number[] {
  let firstResponse = Infinity
  for (const [index, { respondedAt }] of operations.entries())
    if (!done[index] && respondedAt !== undefined) firstResponse = Math.min(firstResponse, respondedAt)
  const next: number[] = []
  for (const [index, { invokedAt }] of operations.entries()) {
    if (invokedAt > firstResponse) break
    if (!done[index]) next.push(index)
  }
  const responseOf = (index: number) => operations[index]?.respondedAt ?? Infinity
  return next.toSorted((a, b) => Math.sign(responseOf(a) - responseOf(b)) || a - b)
}

/** Whether the operation never changes a register, and has its result in this state. */
function changesNothing(operation: Operation, value: string | undefined): boolean {
  if (!hasResponse(operation)) return false
  if (operation.kind === 'read') return operation.value === value
  return operation.kind === 'swap' && operation.won === false && operation.expected !== value
}

/** Whether the operation can take effect in this state, as its result reports or as an unknown result allows. */
function canChange(operation: Operation, value: string | undefined): boolean {
  if (operation.kind === 'remove') return hasResponse(operation) || value !== undefined
  return operation.kind === 'swap' && operation.won !== false && operation.expected === value
}

/** Names a set of operations: all up to the last one, except those that are still open. */
function stateOf(done: Uint8Array): string {
  const end = done.lastIndexOf(1)
  let name = String(end)
  for (let index = done.indexOf(0); index !== -1 && index < end; index = done.indexOf(0, index + 1))
    name += `,${index}`
  return name
}

/** Describes a violation for a report. */
export function describeViolation({ key, explained, completed, blocked }: Violation): string {
  const operations = blocked.map((each) => `  ${JSON.stringify(each)}`)
  const found = `No order explains more than ${explained} of ${completed} operations on "${key}".`
  return [`${found} None of these can come next:`, ...operations].join('\n')
}
