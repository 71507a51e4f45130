import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import vm from 'node:vm'

/** Web Fetch, Web Crypto, URL, encodings, streams and timers. */
const WEB_GLOBALS = [
  'fetch Request Response Headers FormData Blob',
  'crypto CryptoKey URL URLSearchParams',
  'TextEncoder TextDecoder btoa atob',
  'ReadableStream WritableStream TransformStream',
  'AbortController AbortSignal DOMException Event EventTarget',
  'setTimeout clearTimeout performance console',
  'ArrayBuffer Uint8Array',
].flatMap((line) => line.split(' '))

type Respond = (request: Request, keepAlive: (work: Promise<unknown>) => void) => Promise<Response>

/** Serves a program, whose bundle sets `program.respond`, from a realm that has only Web APIs. */
export async function startRealm(code: string, port: number): Promise<{ stop(): Promise<void> }> {
  const globals = Object.fromEntries(WEB_GLOBALS.map((name) => [name, Reflect.get(globalThis, name)]))
  const realm = vm.createContext(globals)
  vm.runInContext(code, realm)
  const respond = vm.runInContext('program.respond', realm) as Respond
  const background: Promise<unknown>[] = []
  const server = createServer((incoming, outgoing) => {
    const response = respond(toRequest(incoming, port), (work) => background.push(work))
    void response.then((answer) => send(answer, outgoing)).catch(() => outgoing.destroy())
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    async stop() {
      await Promise.all(background)
      server.closeAllConnections()
      server.close()
    },
  }
}

async function send(response: Response, outgoing: ServerResponse): Promise<void> {
  for (const [name, value] of response.headers) outgoing.appendHeader(name, value)
  outgoing.writeHead(response.status)
  outgoing.end(Buffer.from(await response.arrayBuffer()))
}

function toRequest({ url = '/', method = 'GET', headers }: IncomingMessage, port: number): Request {
  const pairs = Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((each): [string, string] => [name, each]),
  )
  const allowed = pairs.filter(([name]) => name !== 'connection' && name !== 'content-length')
  return new Request(new URL(url, `http://127.0.0.1:${port}`), { method, headers: allowed })
}

export function freePort(): Promise<number> {
  const server = createServer()
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
