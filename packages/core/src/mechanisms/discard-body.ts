/**
 * Releases the connection of a body that is not read.
 *
 * No caller waits for this, because the cancellation of a custom `fetch` or of a service binding might never finish.
 */
export function discardBody(body: Pick<ReadableStream, 'cancel'> | null): void {
  const cancel = async () => body?.cancel()
  // The body is not used, so its failure has no effect.
  cancel().catch(() => undefined)
}
