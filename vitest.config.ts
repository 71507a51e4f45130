import { defineConfig } from 'vitest/config'

/**
 * Only a test that hangs takes longer. On a busy machine, compilations, mutants and properties with many runs need several
 * times as long as usual, and no test asserts speed.
 */
const TIMEOUT_MS = 120_000

const shared = {
  resolve: { conditions: ['@evertoken/source', 'node', 'import', 'default'] },
  ssr: { resolve: { conditions: ['@evertoken/source', 'node', 'import', 'default'] } },
}

/** These wait for the disk and for other processes, so `npm run check` leaves them out. */
const WAITING = ['packages/node/test/file-store.test.ts', 'packages/node/test/process-environment.test.ts']

/** Files share their modules. To load core again for each of them takes longer than the tests. */
const fast = { testTimeout: TIMEOUT_MS, pool: 'threads', isolate: false } as const

export default defineConfig({
  test: {
    testTimeout: TIMEOUT_MS,
    projects: [
      {
        ...shared,
        test: {
          ...fast,
          name: 'unit',
          include: ['packages/*/test/**/*.test.ts', 'test/stores/**/*.test.ts'],
          // On the real workerd: see test/adapters.
          exclude: ['packages/cloudflare/test/**', ...WAITING],
        },
      },
      { ...shared, test: { ...fast, name: 'architecture', include: ['test/architecture/**/*.test.ts'] } },
      {
        ...shared,
        test: {
          name: 'integration',
          testTimeout: TIMEOUT_MS,
          // Each file has its own modules. A thread loads them with a quarter less work than a process.
          pool: 'threads',
          include: ['test/integration/**/*.test.ts', 'test/programs/*.test.ts', ...WAITING],
        },
      },
    ],
  },
})
