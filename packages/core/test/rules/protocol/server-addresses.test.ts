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

it('S30: takes http for the hosts that `insecureHosts` names, also beside an issuer on https', () => {
  const { isSafe } = createServerAddresses({ issuer: 'https://login.example.com' }, ['keycloak'])
  expect(isSafe('http://keycloak:8080/token')).toBe(true)
  for (const url of ['http://keycloak.evil.example', 'http://localhost', 'ftp://keycloak', 'http://cloak'])
    expect(isSafe(url)).toBe(false)
})

it('reaches the issuer at its internal address, and all other servers directly', () => {
  const path = fc.webPath()
  fc.assert(
    fc.property(path, (tail) => {
      const { reach } = createServerAddresses({
        issuer: 'https://login.example.com/auth/realms/a/',
        internalUrl: 'http://keycloak:8080/realms/a',
      })
      const inner = tail.startsWith('/') ? tail : `/${tail}`
      expect(reach(`https://login.example.com/auth/realms/a${inner}`)).toBe(
        `http://keycloak:8080/realms/a${inner}`,
      )
      expect(new URL(reach(`https://login.example.com${inner}`)).host).toBe('keycloak:8080')
      const others = [
        'https://login.example.com:8443',
        'https://login.example.com.evil.example',
        'http://login.example.com',
      ]
      for (const other of others) expect(reach(other + inner)).toBe(other + inner)
      expect(createServerAddresses({ issuer: 'https://login.example.com' }).reach(inner)).toBe(inner)
    }),
  )
})
