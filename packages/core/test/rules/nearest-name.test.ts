import { expect, it } from 'vitest'
import { nearestName } from '../../src/rules/nearest-name.ts'

const known = ['issuer', 'clientId', 'clientSecret', 'session', 'store', 'baseUrl', 'onEvent', 'onSignIn']

it.each([
  ['sesion', 'session'],
  ['client_id', 'clientId'],
  ['clientsecret', 'clientSecret'],
  ['BaseURL', 'baseUrl'],
  ['onEvents', 'onEvent'],
  ['isuer', 'issuer'],
])('%s is a misspelt %s', (name, expected) => {
  expect(nearestName(name, known)).toBe(expected)
})

it.each(['', 'x', 'toString', 'constructor', '__proto__', 'audience', 'on'])(
  '%j is similar to none',
  (name) => {
    expect(nearestName(name, known)).toBeUndefined()
  },
)

it('the nearest of several similar names wins', () => {
  expect(nearestName('stores', ['score', 'store', 'shores'])).toBe('store')
})
