const HUGE_BYTES = 10_000_000
const CHUNK_BYTES = 65_536

/** Sends half of the body, and the rest once released. */
export function cutBody(
  response: Response,
  released: Promise<void>,
  signal: AbortSignal | undefined,
): Promise<Response> {
  return rewritten(response, signal, async function* (bytes) {
    const half = Math.floor(bytes.length / 2)
    yield bytes.subarray(0, half)
    await released
    yield bytes.subarray(half)
  })
}

export function slowBody(
  response: Response,
  wait: () => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<Response> {
  return rewritten(response, signal, async function* (bytes) {
    for (const byte of bytes) {
      await wait()
      yield Uint8Array.of(byte)
    }
  })
}

/** The same JSON object, behind a member of ten million characters. */
export function hugeBody(json: string): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  function* parts() {
    yield encoder.encode('{"padding":"')
    for (let sent = 0; sent < HUGE_BYTES; sent += CHUNK_BYTES) yield encoder.encode('x'.repeat(CHUNK_BYTES))
    yield encoder.encode(json === '{}' ? '"}' : `",${json.slice(1)}`)
  }
  return toStream(parts(), undefined)
}

async function rewritten(
  response: Response,
  signal: AbortSignal | undefined,
  write: (bytes: Uint8Array) => AsyncGenerator<Uint8Array>,
): Promise<Response> {
  const bytes = new Uint8Array(await response.arrayBuffer())
  return new Response(toStream(write(bytes), signal), { status: response.status, headers: response.headers })
}

/** As in a real fetch, an abort after the headers makes the body fail. */
function toStream(
  parts: Iterator<Uint8Array> | AsyncIterator<Uint8Array>,
  signal: AbortSignal | undefined,
): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      signal?.addEventListener('abort', () => controller.error(signal.reason), { once: true })
    },
    async pull(controller) {
      const { done, value } = await parts.next()
      if (signal?.aborted) return
      if (done) controller.close()
      else controller.enqueue(value)
    },
  })
}
