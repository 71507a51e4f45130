/** Two names are close if a typing mistake of this share of the longer one turns one into the other. */
const MAX_SHARE = 0.35

/** Returns the known name that is most similar to `name`, or `undefined` if none is similar. The case does not matter. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  let nearest: string | undefined
  let least = Infinity
  for (const each of known) {
    const distance = editDistance(name.toLowerCase(), each.toLowerCase())
    if (distance >= least || distance > MAX_SHARE * Math.max(name.length, each.length)) continue
    least = distance
    nearest = each
  }
  return nearest
}

/** Returns how many insertions, deletions and replacements turn one text into the other (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] as number) + (from[i - 1] === to[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[to.length] as number
}
