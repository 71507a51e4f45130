import { createServer } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { createAuth, listen, serveClassic } from './application.ts'

const FORM = 'Content-Type: application/x-www-form-urlencoded'
const HOST = 'Host: app.example.com'

/** Sends a large form and another request on the same socket. Resolves to the status lines and the last body. */
async function sendTwo(url: string, path: string): Promise<string[]> {
  const body = `logout_token=${'a'.repeat(300_000)}`
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.write(`POST ${path} HTTP/1.1\r\n${HOST}\r\n${FORM}\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
  socket.write(`GET /next HTTP/1.1\r\n${HOST}\r\nConnection: close\r\n\r\n`)
  const answers = await text(socket)
  return [
    ...(answers.match(/HTTP\/1\.1 \d+/g) ?? []),
    /second/.exec(answers.slice(answers.lastIndexOf('HTTP/')))?.[0] ?? answers,
  ]
}

const options: Parameters<typeof createAuth>[0] = {
  backChannelLogout: true,
  responseMode: 'form_post',
  baseUrl: 'https://app.example.com',
}

describe('a body that is not read to its end', () => {
  it.each(['/auth/back-channel-logout', '/auth/callback', '/auth/logout'])(
    'does not block the next request on the connection, at %s',
    async (path) => {
      const auth = createAuth(options)
      const servers = {
        middleware: await serveClassic(auth, (_request, response) => response.end('second')),
        listener: await listen(createServer(auth.listener(async () => new Response('second')))),
      }
      for (const [server, url] of Object.entries(servers)) {
        const [, ...second] = await sendTwo(url, path)
        expect([server, ...second]).toEqual([server, 'HTTP/1.1 200', 'second'])
      }
    },
  )

  it('does not block it either if the application of a listener ignores the body', async () => {
    const auth = createAuth(options)
    const url = await listen(createServer(auth.listener(async () => new Response('second'))))
    expect(await sendTwo(url, '/upload')).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'second'])
  })
})
