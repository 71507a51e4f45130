import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  isSameOriginRequest,
  isTopLevelNavigation,
  mayBeForged,
} from '../../../src/rules/browser/same-site.ts'

const ORIGIN = 'https://app.example.com'
const EVIL = 'https://evil.example.com'

function accepts(headers: Record<string, string>): boolean {
  return isSameOriginRequest(new Headers(headers), ORIGIN)
}

it.each<[Record<string, string>, boolean]>([
  [{}, false],
  [{ 'sec-fetch-site': 'same-origin' }, true],
  [{ 'sec-fetch-site': 'same-origin', origin: ORIGIN }, true],
  [{ 'sec-fetch-site': 'same-site' }, false],
  [{ 'sec-fetch-site': 'cross-site' }, false],
  [{ 'sec-fetch-site': 'none' }, false],
  [{ 'sec-fetch-site': 'none', origin: ORIGIN }, false],
  [{ 'sec-fetch-site': '' }, false],
  [{ origin: ORIGIN }, true],
  [{ origin: EVIL }, false],
  [{ origin: 'null' }, false],
  [{ origin: 'http://app.example.com' }, false],
  [{ origin: `${ORIGIN}:8443` }, false],
  [{ origin: `${ORIGIN}.evil.com` }, false],
  [{ origin: `${ORIGIN}, ${ORIGIN}` }, false],
  [{ 'x-evertoken': '1' }, true],
  [{ 'x-evertoken': '0' }, false],
  [{ 'x-evertoken': '1, 1' }, false],
  [{ 'x-evertoken': '1', origin: ORIGIN }, true],
  [{ 'x-evertoken': '1', origin: EVIL }, false],
  [{ 'x-evertoken': '1', origin: 'null' }, false],
  [{ 'x-evertoken': '1', 'sec-fetch-site': 'cross-site' }, false],
  [{ 'x-evertoken': '1', 'sec-fetch-site': 'cross-site', origin: ORIGIN }, false],
  [{ 'x-evertoken': '1', 'sec-fetch-site': 'same-site', origin: EVIL }, false],
  [{ 'x-evertoken': '1', 'sec-fetch-site': 'same-site' }, false],
  [{ 'x-evertoken': '1', 'sec-fetch-site': 'none' }, false],
  [{ 'x-evertoken': '1', 'sec-fetch-site': 'same-origin' }, true],
])('S21: %j: %j', (headers, expected) => {
  expect(accepts(headers)).toBe(expected)
})

it('S21: nothing that a page of another origin can send passes', () => {
  const site = fc.constantFrom('cross-site', 'same-site', undefined)
  const foreign = fc.constantFrom(
    'null',
    EVIL,
    `${ORIGIN}.evil.com`,
    `${ORIGIN}:444`,
    'http://app.example.com',
  )
  fc.assert(
    fc.property(site, foreign, fc.boolean(), (fetchSite, origin, custom) => {
      const headers = { origin, ...(fetchSite && { 'sec-fetch-site': fetchSite }) }
      expect(accepts(custom ? { ...headers, 'x-evertoken': '1' } : headers)).toBe(false)
    }),
  )
})

it('S21: the header is accepted only if no header of the browser contradicts it', () => {
  const value = fc.option(fc.constantFrom('same-site', 'cross-site', 'none', '', 'same-origin, cross-site'))
  fc.assert(
    fc.property(value, fc.constantFrom(null, EVIL, 'null'), (site, from) => {
      const headers = { ...(site !== null && { 'sec-fetch-site': site }), ...(from && { origin: from }) }
      expect(accepts({ ...headers, 'x-evertoken': '1' })).toBe(site === null && from === null)
    }),
  )
})

it('S21: a request without a cookie acts for no user', () => {
  expect(mayBeForged(new Headers({ 'sec-fetch-site': 'cross-site' }), ORIGIN)).toBe(false)
  expect(mayBeForged(new Headers({ cookie: '' }), ORIGIN)).toBe(true)
  expect(mayBeForged(new Headers({ cookie: 'a=1', 'sec-fetch-site': 'same-site' }), ORIGIN)).toBe(true)
  expect(mayBeForged(new Headers({ cookie: 'a=1', 'sec-fetch-site': 'same-origin' }), ORIGIN)).toBe(false)
})

it.each<[string, Record<string, string>, boolean]>([
  ['GET', { mode: 'navigate', dest: 'document' }, true],
  ['HEAD', { mode: 'navigate', dest: 'document' }, true],
  ['POST', { mode: 'navigate', dest: 'document' }, false],
  ['GET', { mode: 'navigate', dest: 'iframe' }, false],
  ['GET', { mode: 'no-cors', dest: 'document' }, false],
  ['GET', { mode: 'navigate' }, false],
  ['GET', { dest: 'document' }, false],
  ['GET', {}, false],
])('S21: %s with %j is a top-level navigation: %j', (method, fetched, expected) => {
  const headers = Object.entries(fetched).map(([name, value]): [string, string] => [
    `sec-fetch-${name}`,
    value,
  ])
  expect(isTopLevelNavigation(method, new Headers(headers))).toBe(expected)
})
