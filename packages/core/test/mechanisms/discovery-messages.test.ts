import { createServer, type RequestListener } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { failureOf } from './bench.ts'
import { createProtocolBench } from './protocol-bench.ts'

const OIDC = '/.well-known/openid-configuration'
const RFC8414 = '/.well-known/oauth-authorization-server'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()))
})

/** Starts a real server on loopback, and returns its origin. */
async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  closing.push(close)
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function discover(issuer: string, metadata?: string): Promise<unknown> {
  const { protocol } = createProtocolBench({
    protocol: { issuer, metadata },
    fetch: (url, init) => globalThis.fetch(url, init),
  })
  return failureOf(protocol.ready())
}

function responding(status: number, headers = {}, body = ''): RequestListener {
  return (_request, response) => void response.writeHead(status, headers).end(body)
}

describe('the message of a failed discovery', () => {
  it.each([301, 302])('%i names the URL, the destination and the option', async (status) => {
    const location = 'https://www.example.com/login?code=canary'
    const origin = await listen(responding(status, { location }))
    expect(await discover(origin)).toMatchObject({
      name: 'ConfigurationError',
      code: 'authorization_server_metadata_invalid',
      message:
        `Cannot use the authorization server. No metadata is at ${origin}${OIDC} (status ${status}, redirects to ` +
        'https://www.example.com). Check `issuer`, or set `server.metadata` to the URL of the metadata.',
      cause: { name: 'MetadataError', status, url: origin + OIDC },
    })
  })

  it.each([400, 401, 403, 410])('%i names the URL and the option', async (status) => {
    const origin = await listen(responding(status))
    const failure = await discover(`${origin}/tenant`)
    expect(failure).toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringContaining(
        `No metadata is at ${origin}/tenant${OIDC} (status ${status}).`,
      ) as string,
      cause: { status, url: `${origin}/tenant${OIDC}` },
    })
    expect(failure).toMatchObject({ message: expect.stringContaining('`server.metadata`') as string })
  })

  it('404 names both URLs', async () => {
    const origin = await listen(responding(404))
    expect(await discover(`${origin}/tenant`)).toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringContaining(
        `No metadata is at ${origin}/tenant${OIDC} or ${origin}${RFC8414}/tenant (status 404).`,
      ) as string,
    })
  })

  it('of a configured URL names no other URL and no query', async () => {
    const origin = await listen(responding(404))
    const failure = await discover(origin, `${origin}/metadata?key=canary`)
    expect(failure).toMatchObject({
      message: expect.stringContaining(`No metadata is at ${origin}/metadata (status 404).`) as string,
    })
  })

  it('HTML states that it is no metadata', async () => {
    const origin = await listen(responding(200, { 'content-type': 'text/html' }, '<p>canary</p>'))
    expect(await discover(origin)).toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringContaining(
        `The response of ${origin}${OIDC} is not a JSON object with an \`issuer\`.`,
      ) as string,
      cause: { status: 200, url: origin + OIDC },
    })
  })

  it('another issuer shows both spellings', async () => {
    const origin = await listen((request, response) => {
      response.end(JSON.stringify({ issuer: `http://${request.headers.host}/other` }))
    })
    expect(await discover(origin)).toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringContaining(
        `The metadata at ${origin}${OIDC} names the issuer '${origin}/other', but \`issuer\` is '${origin}'.`,
      ) as string,
    })
  })

  it.each(['https://login.example.com/?token=canary', 'https://user:canary@login.example.com', 'canary 1'])(
    'another issuer shows no text that is not an issuer: %s',
    async (issuer) => {
      const origin = await listen(responding(200, {}, JSON.stringify({ issuer })))
      const failure = await discover(origin)
      expect(failure).toMatchObject({
        message: expect.stringContaining('names the issuer a text that is not an issuer') as string,
      })
      expect(String(failure)).not.toContain('canary')
    },
  )

  it.each([429, 500, 503])('%i asks for a retry', async (status) => {
    const origin = await listen(responding(status))
    expect(await discover(origin)).toMatchObject({
      name: 'TryLaterError',
      code: 'authorization_server_unavailable',
      message: expect.stringContaining(`${origin}${OIDC} (status ${status}). Try again later.`) as string,
      cause: { status, url: origin + OIDC },
    })
  })

  it('a dead port names the URL and the code, and asks for a retry', async () => {
    const origin = await listen(responding(200))
    await closing.pop()?.()
    expect(await discover(origin)).toMatchObject({
      name: 'TryLaterError',
      message: expect.stringContaining(`${origin}${OIDC} (ECONNREFUSED). Try again later.`) as string,
      cause: { code: 'ECONNREFUSED', url: origin + OIDC },
    })
  })

  it('a response that is cut off asks for a retry', async () => {
    const origin = await listen((_request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{')
      setImmediate(() => response.destroy())
    })
    expect(await discover(origin)).toMatchObject({
      name: 'TryLaterError',
      cause: { url: origin + OIDC },
    })
  })
})
