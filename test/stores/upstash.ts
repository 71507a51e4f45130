import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { Redis } from 'ioredis'

type Answer = { readonly result: unknown } | { readonly error: string }

/** Redis behind HTTP the way Upstash does it: a command or a pipeline as JSON in, results in base64 out. */
export async function startUpstash(redisUrl: string): Promise<{ url: string; stop(): Promise<void> }> {
  const redis = new Redis(redisUrl)
  const run = async ([name = '', ...args]: readonly string[]): Promise<Answer> => {
    try {
      return { result: await redis.call(name, ...args) }
    } catch (error) {
      return { error: String(error) }
    }
  }
  const answer = async (request: IncomingMessage): Promise<Answer | Answer[]> => {
    const body = JSON.parse(await text(request)) as string[] | string[][]
    return request.url === '/pipeline' ? Promise.all((body as string[][]).map(run)) : run(body as string[])
  }
  const respond = async (request: IncomingMessage, response: ServerResponse) => {
    const answered = await answer(request)
    const encoded = request.headers['upstash-encoding'] === 'base64' ? encode(answered) : answered
    response.writeHead('error' in answered ? 400 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(encoded))
  }
  const server = createServer((request, response) => void respond(request, response))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections()
      server.close()
      await redis.quit()
    },
  }
}

function encode(answer: Answer | Answer[]): unknown {
  if (Array.isArray(answer)) return answer.map(encode)
  return 'error' in answer ? answer : { result: toBase64(answer.result) }
}

function toBase64(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toBase64)
  return typeof value === 'string' && value !== 'OK' ? Buffer.from(value).toString('base64') : value
}
