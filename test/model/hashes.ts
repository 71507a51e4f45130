import { createHash } from 'node:crypto'

/** Other threads make hashes, and are done when they like. Made here, they leave every decision to the scheduler. */
export function makeHashesHere(): void {
  crypto.subtle.digest = (_algorithm, data) => {
    const bytes = ArrayBuffer.isView(data) ? new Uint8Array(data.buffer) : new Uint8Array(data)
    const { buffer } = Uint8Array.from(createHash('sha256').update(bytes).digest())
    return Promise.resolve(buffer)
  }
}
