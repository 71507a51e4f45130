import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { endSessionUrl } from '../../../src/rules/sign-in/end-session-url.ts'

const ENDPOINT = 'https://login.example.com/logout?policy=1'
const parameters = {
  id_token_hint: 'token',
  logout_hint: 'ann',
  client_id: 'web',
  post_logout_redirect_uri: 'https://app.example.com/',
  state: 's',
}

it('S11: signs out at Cognito, without the ID token', () => {
  const rules = { postLogoutParameter: 'logout_uri', idTokenHint: false, parameters: { federated: '' } }
  expect(Object.fromEntries(endSessionUrl(ENDPOINT, parameters, rules).searchParams)).toEqual({
    policy: '1',
    client_id: 'web',
    logout_uri: 'https://app.example.com/',
    state: 's',
    federated: '',
  })
})

it('S11: the URL has the ID token if it has at most 2048 characters, and else the name of the user', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4000 }), (length) => {
      const hint = 'x'.repeat(length)
      const url = endSessionUrl(ENDPOINT, { ...parameters, id_token_hint: hint })
      expect(url.href.length).toBeLessThanOrEqual(2048)
      const isShort =
        endSessionUrl(ENDPOINT, { ...parameters, id_token_hint: 'x' }).href.length + length - 1 <= 2048
      expect(url.searchParams.get('id_token_hint')).toBe(isShort ? hint : null)
      expect(url.searchParams.get('logout_hint')).toBe(isShort ? null : 'ann')
      expect(url.searchParams.get('client_id')).toBe('web')
    }),
  )
})
