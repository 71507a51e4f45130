/** Two names are close if a typing mistake of this share of the longer one turns one into the other. */
const MAX_SHARE = 0.35

/**
 * Returns the known name that is most similar to `name`. Otherwise, returns the known names that contain all its words:
 * `idleTimeoutSeconds` for `idleSeconds`. The case does not matter. Of a known name with a dot, only the end matters.
 */
export function nearestNames(name: string, known: readonly string[]): string[] {
  let nearest: string | undefined
  let least = Infinity
  for (const each of known) {
    const own = lastPart(each)
    const distance = editDistance(name.toLowerCase(), own.toLowerCase())
    if (distance >= least || distance > MAX_SHARE * Math.max(name.length, own.length)) continue
    least = distance
    nearest = each
  }
  if (nearest !== undefined) return [nearest]
  const words = wordsOf(name)
  const hasAll = (each: string) => words.every((word) => wordsOf(lastPart(each)).includes(word))
  return words.length === 0 ? [] : known.filter(hasAll)
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

/** The words of a name in camel case or with underscores, in lower case. */
function wordsOf(name: string): string[] {
  return (name.match(/[A-Z]?[a-z]+/g) ?? []).map((word) => word.toLowerCase())
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
