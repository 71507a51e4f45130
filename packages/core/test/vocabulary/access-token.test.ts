import { inspect } from 'node:util'
import { expect, it } from 'vitest'
import { AccessToken, type AuthorizedRequest } from '../../src/vocabulary/index.ts'

const requests: AuthorizedRequest[] = []

function createToken(): AccessToken {
  return new AccessToken('canary', 'Bearer', 1_800_000_000, 'openid', (request) => {
    requests.push(request)
    return { authorization: 'Bearer canary' }
  })
}

it('shows everything except the token, however it is printed', () => {
  const token = createToken()
  for (const options of [{}, { showHidden: true, getters: true }, { getters: true }, { showProxy: true }]) {
    const printed = [inspect(token, options), inspect({ list: [token] }, { ...options, depth: Infinity })]
    for (const text of printed) {
      expect(text).not.toContain('canary')
      expect(text).toContain('1800000000')
      expect(text).toContain('AccessToken')
    }
  }
  expect(JSON.stringify(token)).not.toContain('canary')
  expect(token.value).toBe('canary')
})

it('returns the headers of one request', async () => {
  const token = createToken()
  const headers = { authorization: 'Bearer canary' }
  expect(await token.headersFor('https://api.example.com/orders?page=2', 'post')).toEqual(headers)
  expect(await token.headersFor(new URL('https://api.example.com/'))).toEqual(headers)
  expect(requests.map(({ url, method }) => [method, url.href])).toEqual([
    ['POST', 'https://api.example.com/orders?page=2'],
    ['GET', 'https://api.example.com/'],
  ])
  await expect(token.headersFor('/orders')).rejects.toMatchObject({
    name: 'ConfigurationError',
    code: 'invalid_option',
  })
})
