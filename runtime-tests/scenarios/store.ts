import assert from 'node:assert/strict'
import type { Scenario } from '../scenario.ts'

export const store: readonly Scenario[] = [
  {
    title: 'the session store of the platform keeps the contract',
    async run({ browser }) {
      const result = await browser().json<{ passed: number; failures: string[] }>('/test/contract')
      assert.deepEqual(result.failures, [])
      assert.ok(result.passed > 10)
    },
  },
]
