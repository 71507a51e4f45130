import { describe, expect, it } from 'vitest'
import { tokenFetch } from '../../src/handlers/calls/token-fetch.ts'
import { createBearerCredential } from '../../src/mechanisms/calls/bearer-credential.ts'
import { addHeaders } from '../../src/mechanisms/calls/with-headers.ts'
import type { Credential } from '../../src/ports/credential.ts'

const API = 'https://api.example.com'
const PREFIXES = [{ origin: API, pathname: '/' }] as const

interface Sent {
  readonly url: string
  readonly authorization: string | null
  readonly proof: string | null
}

/** A token fetch whose credential signs each request, and an API that responds with these responses. */
function createSignedFetch(responses: Response[], verdicts: readonly ('retry' | 'done')[] = []) {
  const sent: Sent[] = []
  const demands: (string | undefined)[] = []
  const left = [...verdicts]
  const credentialOf = (token: string): Credential => ({
    token,
    authorize: async ({ url, method }) => ({ authorization: `DPoP ${token}`, dpop: `${method} ${url.href}` }),
    async send({ fetch, target, init, hop }) {
      const proof = { authorization: `DPoP ${token}`, dpop: `${hop.method} ${hop.href}` }
      init.headers = addHeaders(init.headers, proof)
      return fetch(target, init)
    },
    readResponse: () => left.shift() ?? 'done',
  })
  const source = async ({ rejected }: { readonly rejected?: Credential }) => {
    demands.push(rejected?.token)
    return credentialOf(`at-${demands.length}`)
  }
  const fetch = async (input: string | URL | Request, init?: RequestInit) => {
    const { url, headers } = new Request(input, init)
    sent.push({ url, authorization: headers.get('authorization'), proof: headers.get('dpop') })
    return responses.shift() ?? new Response()
  }
  const receive = (response: Response) => response
  const policy = { baseUrl: undefined, prefixes: PREFIXES, fetch, receive, throwTokenErrors: true } as const
  return { call: tokenFetch(source, policy), sent, demands }
}

function redirectTo(location: string, status = 307): Response {
  return new Response(null, { status, headers: { location } })
}

describe('a credential with a proof for each request', () => {
  it('gets the URL and the method of each hop', async () => {
    const { call, sent } = createSignedFetch([redirectTo('/new'), redirectTo('/newer', 303)])
    await call(`${API}/old`, { method: 'post', body: 'x' })
    expect(sent.map(({ proof }) => proof)).toEqual([`POST ${API}/old`, `POST ${API}/new`, `GET ${API}/newer`])
  })

  it('is not sent to another origin, and not again after that', async () => {
    const { call, sent } = createSignedFetch([
      redirectTo('https://files.example.com/1'),
      redirectTo(`${API}/back`),
    ])
    await call(`${API}/file`)
    expect(sent.map(({ authorization, proof }) => [authorization, proof])).toEqual([
      ['DPoP at-1', `GET ${API}/file`],
      [null, null],
      [null, null],
    ])
  })

  it('decides whether a response needs another credential', async () => {
    const { call, sent, demands } = createSignedFetch([], ['retry', 'retry'])
    await call(`${API}/orders`)
    expect(demands).toEqual([undefined, 'at-1'])
    expect(sent.map(({ authorization }) => authorization)).toEqual(['DPoP at-1', 'DPoP at-2'])
  })
})

it('a bearer credential needs no promise', () => {
  const credential = createBearerCredential({ value: 'at', type: 'Bearer' })
  const request = { url: new URL(API), method: 'GET' }
  expect(credential.authorize(request)).toEqual({ authorization: 'Bearer at' })
  const rejection = { 'www-authenticate': 'Bearer error="invalid_token"' }
  expect(credential.readResponse(new Response(null, { status: 401, headers: rejection }))).toBe('retry')
  expect(credential.readResponse(new Response(null, { status: 403 }))).toBe('done')
})
