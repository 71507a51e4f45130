import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { secretAsSupported, secretInHeader } from '../../../src/mechanisms/protocol/client-secret.ts'
import { createProtocolBench } from '../protocol-bench.ts'

const clients = [{ id: 'web', secret: 'p@ss:w%rd' }]

it.each([
  [undefined, true],
  [['client_secret_basic', 'client_secret_post'], true],
  [['private_key_jwt'], true],
  [null, true],
  ['client_secret_post', true],
  [7, true],
  [['client_secret_post', 'none'], false],
])('S1: of %j, it sends the secret in the header: %s', async (supported, inHeader) => {
  const bench = createProtocolBench({
    server: { clients, metadata: { token_endpoint_auth_methods_supported: supported } },
    protocol: {
      clientId: 'web',
      authentication: secretAsSupported('p@ss:w%rd', { basicCredentials: 'encoded' }),
    },
  })
  const { refresh_token = '' } = await bench.server.issue()
  const result = await bench.protocol.refresh({ refreshToken: refresh_token, parameters: {}, user: {} })
  expect(result).toMatchObject({ kind: 'refreshed' })
  const sent = bench.server.log.find(({ kind }) => kind === 'refresh')
  expect(sent?.headers.has('authorization')).toBe(inHeader)
  expect(sent?.parameters.has('client_secret')).toBe(!inHeader)
})

it('S1: plain credentials are sent without form encoding', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ minLength: 1, unit: 'grapheme' }), async (secret) => {
      const sent: (string | null)[] = []
      const bench = createProtocolBench({
        server: { clients },
        protocol: { clientId: 'a b', authentication: secretInHeader(secret, { basicCredentials: 'plain' }) },
        fetch(url, init) {
          if (!url.endsWith('/token')) return undefined
          sent.push(new Headers(init?.headers).get('authorization'))
          return Promise.resolve(new Response(null, { status: 503 }))
        },
      })
      await bench.protocol.refresh({ refreshToken: 'rt', parameters: {}, user: {} })
      expect(sent).toEqual([`Basic ${Buffer.from(`a b:${secret}`).toString('base64')}`])
    }),
    { numRuns: 30 },
  )
})
