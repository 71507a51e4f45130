import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { createNonces } from '../../../src/mechanisms/dpop/nonces.ts'

const MAX_ORIGINS = 100

function observe(nonces: ReturnType<typeof createNonces>, url: string, nonce: string): void {
  nonces.observe(new URL(url), new Headers({ 'dpop-nonce': nonce }))
}

it('S18: the newest nonce of an origin wins, and no other origin gets it', () => {
  const response = fc.record({
    host: fc.constantFrom('a.example', 'b.example', 'a.example:8443'),
    path: fc.constantFrom('', '/path', '/path?query'),
    nonce: fc.stringMatching(/^[a-z]{1,8}$/),
  })
  fc.assert(
    fc.property(fc.array(response), (responses) => {
      const nonces = createNonces()
      const newest = new Map<string, string>()
      for (const { host, path, nonce } of responses) {
        observe(nonces, `https://${host}${path}`, nonce)
        newest.set(host, nonce)
      }
      for (const host of ['a.example', 'b.example', 'a.example:8443', 'c.example'])
        expect(nonces.get(new URL(`https://${host}/other`))).toBe(newest.get(host))
    }),
  )
})

it('a response without a nonce changes nothing', () => {
  const nonces = createNonces()
  observe(nonces, 'https://a.example', 'n')
  nonces.observe(new URL('https://a.example'), new Headers())
  expect(nonces.get(new URL('https://a.example'))).toBe('n')
})

it('a nonce that the server refuses without a new one is dropped, unless another response has replaced it', () => {
  const nonces = createNonces()
  const url = new URL('https://a.example')
  const withoutNonce = new Headers()
  observe(nonces, url.href, 'n')
  nonces.observe(url, withoutNonce, 'older')
  expect(nonces.get(url)).toBe('n')
  nonces.observe(url, withoutNonce, 'n')
  expect(nonces.get(url)).toBeUndefined()
})

it('is bounded', () => {
  const nonces = createNonces()
  for (let i = 0; i < 3 * MAX_ORIGINS; i++) observe(nonces, `https://host-${i}.example`, `${i}`)
  const kept = Array.from({ length: 3 * MAX_ORIGINS }, (_, i) => new URL(`https://host-${i}.example`))
  expect(kept.filter((url) => nonces.get(url) !== undefined)).toHaveLength(MAX_ORIGINS)
  expect(nonces.get(kept.at(-1) as URL)).toBe(`${3 * MAX_ORIGINS - 1}`)
})
