import { expect, it } from 'vitest'
import { nearestNames } from '../../src/rules/nearest-name.ts'

const known = ['issuer', 'clientId', 'clientSecret', 'session', 'store', 'baseUrl', 'onEvent', 'onSignIn']

it.each([
  ['sesion', 'session'],
  ['client_id', 'clientId'],
  ['clientsecret', 'clientSecret'],
  ['BaseURL', 'baseUrl'],
  ['onEvents', 'onEvent'],
  ['isuer', 'issuer'],
])('%s is a misspelt %s', (name, expected) => {
  expect(nearestNames(name, known)).toEqual([expected])
})

it.each(['', 'x', 'toString', 'constructor', '__proto__', 'audience'])('%j is similar to none', (name) => {
  expect(nearestNames(name, known)).toEqual([])
})

it('the nearest of several similar names wins', () => {
  expect(nearestNames('stores', ['score', 'store', 'shores'])).toEqual(['store'])
})

it.each([
  ['idleSeconds', ['idleTimeoutSeconds']],
  ['secret', ['clientSecret', 'encryptionSecret']],
  ['idleMinutes', []],
])('the names that contain all words of %s are similar', (name, expected) => {
  const names = ['idleTimeoutSeconds', 'clientSecret', 'encryptionSecret', 'server.metadata']
  expect(nearestNames(name, names)).toEqual(expected)
})

it('compares only the end of a name with a dot', () => {
  expect(nearestNames('metadataUrl', [...known, 'server.metadata'])).toEqual(['server.metadata'])
})
