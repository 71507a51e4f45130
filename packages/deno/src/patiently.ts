const MAX_TRIES = 20
const MAX_PAUSE_MS = 100

/**
 * Tries again after a failure, for about a second. While another process writes to the file of a Deno KV, a write with
 * a check fails immediately, with an error that has no code.
 */
export async function withRetry<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      if (tries === MAX_TRIES) throw error
    }
    const longest = Math.min(2 ** tries, MAX_PAUSE_MS)
    await new Promise((resolve) => setTimeout(resolve, Math.random() * longest))
  }
}
