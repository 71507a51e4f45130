/** A change of one place in core. The comment in scripts/model/mutants.mjs describes it. */
export type Edit = {
  /** The number of the match that is meant, and how many there are, such as `2 of 3`. */
  readonly nth?: string
} & (
  | { readonly in: string; readonly replace: string; readonly with: string }
  | { readonly in: string; readonly remove: string }
  | { readonly constant: string; readonly with: string }
)

/**
 * Makes a mutant of core.
 *
 * @param name - The name of the mutant, for messages.
 * @returns The changed sources by absolute path.
 * @throws If an edit does not match exactly once, or if it changes nothing.
 */
export function applyEdits(name: string, edits: readonly Edit[]): Map<string, string>
