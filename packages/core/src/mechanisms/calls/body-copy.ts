import type { Hop } from '../../rules/calls/redirect.ts'

/** The size up to which a body is kept so that it can be sent again, in bytes. */
const MAX_COPY_BYTES = 65_536

/** A copy of a body, made while the body is sent. */
export interface BodyCopy {
  /** Returns the whole body, or `undefined` if it is too long or not complete. The copying then stops. */
  take(): Uint8Array<ArrayBuffer> | undefined
}

/** Copies the body of a request while it is sent, unless it can be sent again without a copy. */
export function copyRequestBody(request: Request | Response, { body, headers }: Hop): BodyCopy | undefined {
  const isLong = Number(headers?.get('content-length')) > MAX_COPY_BYTES
  const copy = body === 'spent' && !isLong ? request.clone().body : null
  return copy ? copyBody(copy) : undefined
}

/**
 * Copies a body of up to 64 KB. It neither delays the original nor keeps more than that in memory.
 *
 * @param stream - A branch of the body that no one else reads.
 */
export function copyBody(stream: ReadableStream<Uint8Array>): BodyCopy {
  const reader = stream.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  let isComplete = false
  let isStopped = false

  async function read(): Promise<void> {
    while (!isStopped) {
      const { done, value } = await reader.read()
      if (done) return void (isComplete = true)
      length += value.byteLength
      if (length > MAX_COPY_BYTES) stop()
      else chunks.push(value)
    }
  }

  function stop(): void {
    isStopped = true
    chunks.length = 0
    // The other branch continues.
    reader.cancel().catch(() => undefined)
  }

  // The reader of the original gets the same error.
  read().catch(stop)
  return {
    take() {
      if (!isComplete) return stop() as undefined
      const bytes = new Uint8Array(length)
      let offset = 0
      for (const chunk of chunks) {
        bytes.set(chunk, offset)
        offset += chunk.byteLength
      }
      return bytes
    },
  }
}
