import assert from 'node:assert/strict'
import type { Scenario } from '../scenario.ts'
import { ENDLESS_BYTES } from '../world/resource-server.ts'
import { until, untilStill } from '../world/until.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** A body that the test sends piece by piece. */
function pacedBody() {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const writer = writable.getWriter()
  return { readable, push: (text: string) => writer.write(encoder.encode(text)), end: () => writer.close() }
}

/** A body that continues until the reader stops. */
function endlessBody() {
  const piece = new Uint8Array(65_536)
  const sent = { bytes: 0 }
  const readable = new ReadableStream<Uint8Array>({
    async pull(controller) {
      // Lets the sockets of this process have their turn.
      await new Promise(setImmediate)
      if (sent.bytes >= ENDLESS_BYTES) return controller.close()
      sent.bytes += piece.byteLength
      controller.enqueue(piece.slice())
    },
  })
  return { readable, sent }
}

export const streaming: readonly Scenario[] = [
  {
    title: 'a request body reaches the API while it is still being sent',
    async run({ signedIn, api }) {
      const tab = await signedIn({ sub: 'upload' })
      const { readable, push, end } = pacedBody()
      const answer = tab.text('/upload?to=upload', 200, { method: 'POST', body: readable })
      for (const bytes of [4, 8, 12]) {
        await push('data')
        await until(`${bytes} bytes have arrived`, () => api.upload.bytes === bytes)
      }
      await end()
      assert.equal(await answer, 'received 12')
    },
  },
  {
    title: 'a response body reaches the browser while the API is still sending it',
    async run({ signedIn, api }) {
      const tab = await signedIn({ sub: 'download' })
      const answer = tab.send('/call?to=paced')
      await until('the API is asked', () => api.calls.length === 1)
      // With the first piece: a server may wait with its headers until there is one.
      api.push('first')
      const reader = (await answer).body?.getReader()
      assert.equal(decoder.decode((await reader?.read())?.value), 'first')
      for (const piece of ['second', 'third']) {
        api.push(piece)
        assert.equal(decoder.decode((await reader?.read())?.value), piece)
      }
      api.push(undefined)
      assert.equal((await reader?.read())?.done, true)
    },
  },
  {
    title: 'a browser that stops reading slows the API down, and one that leaves stops it',
    async run({ signedIn, api }) {
      const tab = await signedIn({ sub: 'slow-reader' })
      const response = await tab.send('/call?to=endless')
      const reader = response.body?.getReader()
      await reader?.read()

      await untilStill('the API', () => api.download.bytes)
      assert.equal(api.download.ended, undefined)
      assert.ok(api.download.bytes < ENDLESS_BYTES / 2)

      await reader?.cancel()
      await until('the API is notified', () => api.download.ended === 'cut')
    },
  },
  {
    title: 'an API that stops reading slows the browser down, and loses nothing',
    async run({ signedIn, api }) {
      const tab = await signedIn({ sub: 'slow-api' })
      const { readable, sent } = endlessBody()
      const abort = new AbortController()
      const init = { method: 'POST', body: readable, signal: abort.signal }
      const answer = tab.send('/upload?to=stuck', init).catch(() => 'gone')
      await until('the request has arrived', () => api.calls.length === 1)

      await untilStill('the browser', () => sent.bytes)
      assert.ok(sent.bytes < ENDLESS_BYTES / 2)

      const before = sent.bytes
      api.unstick()
      await until('it flows again', () => sent.bytes > before)
      abort.abort()
      assert.equal(await answer, 'gone')
      await until('the API is notified', () => api.upload.ended === 'cut')
    },
  },
  {
    title: 'a caller that aborts a response stops the API',
    async run({ signedIn, api }) {
      const tab = await signedIn({ sub: 'aborter' })
      assert.deepEqual(await tab.json('/abort-download'), { received: true, ended: 'aborted' })
      await until('the API is notified', () => api.download.ended === 'cut')
    },
  },
]
