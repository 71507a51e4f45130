import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { createServerAddresses } from '../../../src/rules/protocol/server-addresses.ts'

const host = fc.oneof(
  fc.domain(),
  fc.constantFrom('localhost', '127.0.0.1', '[::1]', 'keycloak', 'evil.example'),
)
const scheme = fc.constantFrom('https', 'http', 'javascript', 'data', 'ftp', 'ws')

it('S30: takes https anywhere, and http only on loopback if a configured URL uses it', () => {
  fc.assert(
    fc.property(scheme, host, fc.constantFrom('https', 'http'), (of, name, ofIssuer) => {
      const { isSafe } = createServerAddresses({ issuer: `${ofIssuer}://localhost:8080` })
      const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(name)
      const expected = of === 'https' || (of === 'http' && ofIssuer === 'http' && isLocal)
      expect(isSafe(`${of}://${name}/token`)).toBe(expected)
    }),
  )
})

it.each([undefined, null, 7, {}, '', '/token', '//login.example.com/token', 'https://'])(
  'refuses %j',
  (url) => {
    expect(createServerAddresses({ issuer: 'http://localhost' }).isSafe(url)).toBe(false)
  },
)
