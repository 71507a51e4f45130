import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

/** How far `expire` moves all clocks. Longer than the lifetime of an access token, shorter than that of a session. */
const HOUR_SECONDS = 3600

/** An authorization server and an API on loopback, for one application. */
export async function startWorld({ createShiftableClock, createWorld }, shiftFile) {
  const clock = createShiftableClock()
  let openGate = () => {}
  const responses = {
    '/orders': (_request, { sub }) => Response.json({ sub }),
    '/gzip': () =>
      new Response(gzipSync(JSON.stringify({ text: 'compressed '.repeat(1000) })), {
        headers: { 'content-encoding': 'gzip', 'content-type': 'application/json' },
      }),
    '/stream': () => {
      const gate = new Promise((resolve) => (openGate = resolve))
      const body = new ReadableStream({
        async start(controller) {
          controller.enqueue(Buffer.from('first '))
          await gate
          controller.enqueue(Buffer.from('last'))
          controller.close()
        },
      })
      return new Response(body, { headers: { 'content-type': 'text/plain' } })
    },
    '/upload': async (request) => {
      const body = Buffer.from(await request.arrayBuffer())
      return Response.json({ bytes: body.length, sha256: sha256(body) })
    },
  }
  const { authorizationServer: server, api } = createWorld({
    clock,
    api: { respond: (request, token) => responses[new URL(request.url).pathname](request, token) },
  })
  const listening = await Promise.all([server.listen(), api.listen()])
  let ahead = 0
  writeFileSync(shiftFile, '0')

  return {
    server,
    api,
    openGate: () => openGate(),
    /** Lets all access tokens expire. */
    expire() {
      clock.advance(HOUR_SECONDS)
      ahead += HOUR_SECONDS
      writeFileSync(shiftFile, String(ahead))
    },
    close: () => Promise.all(listening.map(({ close }) => close())),
  }
}

export function sha256(body) {
  return createHash('sha256').update(body).digest('hex')
}
