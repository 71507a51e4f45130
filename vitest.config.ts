import { defineConfig } from 'vitest/config'

const TEST_TIMEOUT_MS = 30_000

const shared = {
  resolve: { conditions: ['@evertoken/source', 'node', 'import', 'default'] },
  ssr: { resolve: { conditions: ['@evertoken/source', 'node', 'import', 'default'] } },
}

/**
 * For tests that only compute: compilations, mutants, and properties with many runs. On a busy machine they need several
 * times as long, and no test asserts speed. A test that hangs still fails.
 */
const COMPUTATION_TIMEOUT_MS = 120_000

/** Files share their modules. To load core again for each of them takes longer than the tests. */
const fast = { testTimeout: COMPUTATION_TIMEOUT_MS, pool: 'threads', isolate: false } as const

export default defineConfig({
  test: {
    testTimeout: TEST_TIMEOUT_MS,
    projects: [
      {
        ...shared,
        test: {
          ...fast,
          name: 'unit',
          include: ['packages/*/test/**/*.test.ts', 'test/stores/**/*.test.ts'],
          // On the real workerd: see test/adapters.
          exclude: ['packages/cloudflare/test/**'],
        },
      },
      { ...shared, test: { ...fast, name: 'architecture', include: ['test/architecture/**/*.test.ts'] } },
      {
        ...shared,
        test: {
          name: 'integration',
          testTimeout: TEST_TIMEOUT_MS,
          include: ['test/integration/**/*.test.ts', 'test/programs/*.test.ts'],
        },
      },
    ],
  },
})
