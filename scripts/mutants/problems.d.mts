/** Applies every mutant to the sources of core. Returns a message for each one that no longer fits. */
export function mutantProblems(): string[]
