import { violation } from './invariants.ts'
import { hashOf } from './hash.ts'
import { recordOf } from './records.ts'
import { type Options, stepsFrom, take } from './steps.ts'
import type { World } from './world.ts'

export interface Violation {
  readonly text: string
  /** The shortest way there, step by step. */
  readonly path: readonly string[]
}

export interface Exploration {
  readonly states: number
  /** One of each kind, the nearest first. */
  readonly violations: readonly Violation[]
}

export interface Limits {
  /** A bound against a model that is infinite by mistake. */
  readonly maxStates: number
  readonly isFirstEnough: boolean
}

/**
 * Visits every world that can follow, nearest first, so that the first violation has the shortest path.
 */
export function explore(first: World, options: Options, { maxStates, isFirstEnough }: Limits): Exploration {
  const ids = new Map<number, number>([[hashOf(first), 0]])
  const parents = [-1]
  const texts = ['']
  const edges: number[][] = []
  const settled: boolean[] = []
  let level: World[] = [first]
  let visited = 0
  const found = new Map<string, Violation>()
  const names = new Map<string, string>()

  for (let base = 0; level.length > 0; base = visited) {
    const next: World[] = []
    for (const [index, world] of level.entries()) {
      const id = base + index
      visited++
      settled[id] = isSettled(world)
      const broken = violation(world)
      if (broken) {
        const kind = `${broken} after: ${world.facts.fault || 'no fault'}`
        if (!found.has(kind)) found.set(kind, { text: kind, path: pathTo(id) })
        if (isFirstEnough) return { states: ids.size, violations: [...found.values()] }
        edges.push([])
        // The states that follow are broken too, and show nothing new.
        settled[id] = true
        continue
      }
      const targets: number[] = []
      const steps = stepsFrom(world, options)
      // At the beginning, both processes are alike.
      for (const step of id === 0 ? steps.filter(({ text }) => !text.startsWith('B')) : steps) {
        const after = take(world, step)
        const hash = hashOf(after)
        let target = ids.get(hash)
        if (target === undefined) {
          target = ids.size
          ids.set(hash, target)
          parents.push(id)
          const text = names.get(step.text) ?? step.text
          names.set(text, text)
          texts.push(text)
          next.push(after)
        }
        targets.push(target)
      }
      edges.push(targets)
    }
    if (ids.size > maxStates) throw new Error(`More than ${maxStates} states`)
    level = next
  }
  const stuck = findStuck(edges, settled)
  if (stuck !== undefined) found.set('', { text: 'a session waits for ever', path: pathTo(stuck) })
  return { states: ids.size, violations: [...found.values()] }

  function pathTo(id: number): string[] {
    const path: string[] = []
    for (let at = id; at > 0; at = parents[at] as number) path.push(texts[at] as string)
    return path.toReversed()
  }
}

/** Whether every process that runs has a token, or knows that the user must sign in. */
function isSettled({ A, B, store }: World): boolean {
  if (recordOf(store).ended) return true
  return [A, B].every(({ isServed, state }) => isServed || state === 'crashed')
}

/** Returns the first state from which no settled one can be reached. */
function findStuck(edges: readonly number[][], settled: readonly boolean[]): number | undefined {
  const before: number[][] = edges.map(() => [])
  edges.forEach((targets, id) => targets.forEach((target) => before[target]?.push(id)))
  const reaches = [...settled]
  const queue = settled.flatMap((is, id) => (is ? [id] : []))
  for (let id = queue.pop(); id !== undefined; id = queue.pop())
    for (const each of before[id] ?? []) {
      if (reaches[each]) continue
      reaches[each] = true
      queue.push(each)
    }
  const stuck = reaches.indexOf(false)
  return stuck < 0 ? undefined : stuck
}
