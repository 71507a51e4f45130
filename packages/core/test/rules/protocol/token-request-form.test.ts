import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toServerRequest, type TokenRequestProfile } from '../../../src/rules/protocol/token-request-form.ts'

const URL_OF_TOKENS = 'https://login.example.com/token'
const names = fc.constantFrom('client_id', 'client_secret', 'scope', 'resource', 'state')
const values = fc.string({ minLength: 1 })
const profiles: fc.Arbitrary<TokenRequestProfile> = fc.record(
  {
    format: fc.constantFrom('form', 'json', 'query'),
    codeParameters: fc.constantFrom({}, { expiring: '1' }),
    refreshUrl: fc.constant('https://login.example.com/refresh'),
    refreshGrantType: fc.constant('fb_exchange_token'),
    refreshTokenParameter: fc.constant('fb_exchange_token'),
  },
  { requiredKeys: [] },
)

function convert(
  body: URLSearchParams,
  profile: TokenRequestProfile,
  {
    url = URL_OF_TOKENS,
    headers = {},
  }: { readonly url?: string; readonly headers?: Record<string, string> } = {},
) {
  return toServerRequest({ url, init: { method: 'POST', headers, body } }, body, profile)
}

function send(parameters: Readonly<Record<string, string>>, profile: TokenRequestProfile) {
  const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' }
  return convert(new URLSearchParams(parameters), profile, { headers })
}

/** The parameters, wherever the request has them. */
function parametersOf({ url, init }: ReturnType<typeof send>): Record<string, string> {
  if (typeof init.body === 'string') return JSON.parse(init.body) as Record<string, string>
  return Object.fromEntries(init.body ?? new URL(url).searchParams)
}

describe('the request for tokens of a server', () => {
  it('keeps each parameter, and the token of a refresh, in each format', () => {
    fc.assert(
      fc.property(fc.dictionary(names, values), values, profiles, (others, token, profile) => {
        const request = send({ ...others, grant_type: 'refresh_token', refresh_token: token }, profile)
        const { refreshGrantType = 'refresh_token', refreshTokenParameter = 'refresh_token' } = profile
        expect(parametersOf(request)).toEqual({
          ...others,
          grant_type: refreshGrantType,
          [refreshTokenParameter]: token,
        })
        expect(request.url.split('?')[0]).toBe(profile.refreshUrl ?? URL_OF_TOKENS)
      }),
    )
  })

  it('adds the parameters of a sign-in only to the request with the code', () => {
    const profile = { codeParameters: { expiring: '1' }, refreshUrl: 'https://login.example.com/refresh' }
    const code = send({ grant_type: 'authorization_code', code: 'c' }, profile)
    expect(code.url).toBe(URL_OF_TOKENS)
    expect(parametersOf(code)).toEqual({ grant_type: 'authorization_code', code: 'c', expiring: '1' })
    const refresh = send({ grant_type: 'refresh_token', refresh_token: 'r' }, profile)
    expect(parametersOf(refresh)).toEqual({ grant_type: 'refresh_token', refresh_token: 'r' })
    expect(parametersOf(send({ token: 'r' }, profile))).toEqual({ token: 'r' })
  })

  it('states the format of the body', () => {
    const type = (format: 'form' | 'json' | 'query') => {
      const { init } = send({ grant_type: 'refresh_token', refresh_token: 'r' }, { format })
      return [init.method, new Headers(init.headers).get('content-type')]
    }
    expect(type('form')).toEqual(['POST', 'application/x-www-form-urlencoded'])
    expect(type('json')).toEqual(['POST', 'application/json'])
    expect(type('query')).toEqual(['GET', null])
  })

  it('has a list of the values of a repeated parameter in JSON', () => {
    const body = new URLSearchParams([
      ['resource', 'https://a.example.com'],
      ['token', 'a'],
      ['resource', 'https://b.example.com'],
    ])
    const { init } = convert(body, { format: 'json' })
    expect(JSON.parse(init.body as string)).toEqual({
      resource: ['https://a.example.com', 'https://b.example.com'],
      token: 'a',
    })
  })

  it('keeps the query of the URL', () => {
    const address = { url: `${URL_OF_TOKENS}?p=policy` }
    const { url } = convert(new URLSearchParams({ token: 'a' }), { format: 'query' }, address)
    expect(url).toBe(`${URL_OF_TOKENS}?p=policy&token=a`)
  })
})
