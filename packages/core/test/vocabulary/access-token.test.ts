import { inspect } from 'node:util'
import { expect, it } from 'vitest'
import { AccessToken } from '../../src/vocabulary/index.ts'

it('shows everything except the token, however it is printed', () => {
  const token = new AccessToken('canary', 'Bearer', 1_800_000_000, 'openid')
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
