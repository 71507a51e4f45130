import { describe, expect, it } from 'vitest'
import { isLoopback } from '../../../src/rules/calls/allowed-urls.ts'
import { hasSecureCookies, uncertainAddress } from '../../../src/rules/browser/browser-address.ts'

const HTTP = 'http://127.0.0.1:3000'
const HTTPS = 'https://app.example.com'

describe('uncertainAddress', () => {
  it.each<[string, Record<string, string>, string]>([
    [HTTP, { 'x-forwarded-proto': 'https' }, 'x-forwarded-proto'],
    [HTTP, { 'x-forwarded-proto': 'HTTPS, http' }, 'x-forwarded-proto'],
    [HTTP, { 'x-forwarded-for': '203.0.113.1' }, 'x-forwarded-for'],
    [HTTP, { 'x-real-ip': '203.0.113.1' }, 'x-real-ip'],
    [HTTP, { 'x-forwarded-host': '127.0.0.1:3000' }, 'x-forwarded-host'],
    [HTTP, { 'x-forwarded-proto': 'http', 'x-forwarded-host': 'app.example.com' }, 'x-forwarded-proto'],
    [HTTP, { forwarded: 'for=203.0.113.1' }, 'forwarded'],
    [HTTP, { forwarded: 'for=203.0.113.1;proto=https' }, 'forwarded'],
    [HTTP, { forwarded: 'host="app.example.com";proto=http' }, 'forwarded'],
    [HTTP, { via: '1.1 proxy' }, 'via'],
    [HTTP, { 'x-forwarded-ssl': 'on' }, 'x-forwarded-ssl'],
    [HTTPS, { 'x-forwarded-host': 'www.example.com' }, 'x-forwarded-host'],
    [HTTPS, { 'x-forwarded-proto': 'http' }, 'x-forwarded-proto'],
  ])('S22: %s with %j', (url, headers, name) => {
    expect(uncertainAddress(new URL(url), new Headers(headers))).toBe(name)
  })

  it.each<[string, Record<string, string>]>([
    [HTTP, {}],
    [HTTPS, {}],
    // The development server of Next.
    [HTTP, { 'x-forwarded-proto': 'http', 'x-forwarded-host': '127.0.0.1:3000', 'x-forwarded-for': '::1' }],
    [HTTP, { forwarded: 'for=127.0.0.1;host=127.0.0.1:3000;proto=http' }],
    // Cloudflare Workers.
    [HTTPS, { 'x-forwarded-proto': 'https', 'x-real-ip': '203.0.113.1' }],
    [HTTPS, { 'x-forwarded-host': 'app.example.com' }],
  ])('S22: nothing is uncertain about %s with %j', (url, headers) => {
    expect(uncertainAddress(new URL(url), new Headers(headers))).toBeUndefined()
  })
})

describe('hasSecureCookies', () => {
  it.each([
    ['http://localhost:3000', 'http://localhost:4000', false],
    ['http://shop.localhost:3000', 'http://login.localhost', false],
    ['http://127.0.0.1:3000', 'https://localhost:8443', false],
    ['http://[::1]:3000', 'http://127.0.0.1', false],
    ['http://app:3000', 'https://login.example.com', false],
    ['http://localhost:3000', 'http://keycloak:8080', false],
    ['https://app', 'http://keycloak:8080', true],
    ['http://other:3000', 'http://keycloak:8080', true],
    ['http://localhost:3000', 'https://login.example.com', true],
    ['http://127.0.0.1:3000', 'https://localhost.example.com', true],
    ['https://localhost:3000', 'http://localhost:4000', true],
    ['https://app.example.com', 'http://localhost:4000', true],
  ])('S22: of %s with the issuer %s: %s', (address, issuer, secure) => {
    expect(hasSecureCookies(new URL(address), issuer, ['app', 'keycloak'])).toBe(secure)
  })
})

it.each([
  ['localhost', true],
  ['app.localhost', true],
  ['a.b-c.localhost', true],
  ['localhost.example.com', false],
  ['notlocalhost', false],
  ['.localhost', false],
])('%s is on loopback: %s', (hostname, expected) => {
  expect(isLoopback(hostname)).toBe(expected)
})
