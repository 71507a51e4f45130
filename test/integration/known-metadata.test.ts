import { createMemoryStore } from '@evertoken/core'
import { evertoken } from '@evertoken/node'
import { createClientTokens } from '@evertoken/node/client'
import { createAuthorizationServer, createManualClock, cookieHeaderOf } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { createApplication } from './application.ts'
import { isSettled, signIn } from './steps.ts'

/** An authorization server that never responds below `/.well-known/`, and the options of its client. */
function start() {
  const clock = createManualClock()
  const server = createAuthorizationServer({ clock })
  const [client] = server.clients
  const requested: string[] = []
  const endpoints = { token_endpoint: `${server.issuer}/token` }
  const options = {
    server: { issuer: server.issuer, metadata: endpoints },
    clientId: client?.id ?? '',
    clientSecret: client?.secret ?? '',
    clock,
    async fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
      const { pathname } = new URL(new Request(input).url)
      requested.push(pathname)
      if (pathname.includes('.well-known')) await new Promise(() => undefined)
      return server.fetch(input, init)
    },
  }
  const web = {
    ...options,
    encryptionSecret: 'a secret of thirty-two characters',
    baseUrl: 'https://app.example.com',
    cookieName: 'evertoken',
    store: createMemoryStore({ clock }),
  }
  return { clock, server, options, web, requested }
}

describe('metadata in the options', () => {
  it('needs only a token endpoint for the tokens of a client', async () => {
    const { options, requested } = start()
    const { value } = await createClientTokens(options).getClientAccessToken()
    expect(value).not.toBe('')
    expect(new Set(requested)).toEqual(new Set(['/token']))
  })

  it('is enough for a new process that needs the time of the server', async () => {
    const { clock, server, web, requested } = start()
    const metadata = { ...web.server.metadata, authorization_endpoint: `${server.issuer}/authorize` }
    const create = () => evertoken({ ...web, server: { ...web.server, metadata } })
    const first = create()
    const started = await first.handle(new Request('https://app.example.com/'), async () => {
      await first.startSession(await server.issue({ sub: 'ada' }))
      return new Response()
    })
    const cookie = cookieHeaderOf(started)
    await clock.advance(250_000)
    const request = new Request('https://app.example.com/', { headers: { cookie } })
    const token = create().session(request).getUserAccessToken()
    expect(await isSettled(token)).toBe(true)
    expect((await token)?.value).not.toBe('')
    expect(requested.filter((path) => path !== '/token')).toEqual([])
  })

  it.each([
    [
      'https://other.example.com',
      'equal',
      /`server\.metadata` names the issuer 'https:\/\/other\.example\.com'/,
    ],
    ['https://login.example.com/{tenantid}', 'any', /`server\.tenants`/],
  ] as const)('with the issuer %s and the rule %s is refused', async (issuer, issuerInMetadata, message) => {
    const { options, requested } = start()
    const metadata = { ...options.server.metadata, issuer }
    const { getClientAccessToken } = createClientTokens({
      ...options,
      server: { ...options.server, metadata, issuerInMetadata },
    })
    await expect(getClientAccessToken()).rejects.toMatchObject({
      code: 'authorization_server_metadata_invalid',
      message: expect.stringMatching(message) as string,
    })
    expect(requested).toEqual([])
  })

  it('names the issuer of ID tokens, which can differ from the option by a slash', async () => {
    const issuer = 'https://login.example.com'
    const metadata = {
      issuer: `${issuer}/`,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/jwks`,
      id_token_signing_alg_values_supported: ['ES256'],
    }
    const { server, browser } = createApplication({ server: { issuer, metadata } })
    server.script('authorize', { type: 'parameters', set: { iss: metadata.issuer } })
    server.script('token', { type: 'idToken', claims: { iss: metadata.issuer } })
    const { status } = await signIn(browser(), server)
    expect(status).toBe(303)
  })

  it('must have an authorization endpoint for a sign-in', () => {
    const { web } = start()
    expect(() => evertoken(web)).toThrow('`server.metadata` must have an `authorization_endpoint`')
  })
})
