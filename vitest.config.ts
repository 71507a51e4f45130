import { defineConfig } from 'vitest/config'

// vitest's summary of failures uses it, Node 20 does not have it.
const maps = Map as { groupBy?: unknown }
maps.groupBy ??= <K, T>(items: Iterable<T>, keyOf: (item: T, index: number) => K): Map<K, T[]> => {
  const groups = new Map<K, T[]>()
  let index = 0
  for (const item of items) {
    const key = keyOf(item, index++)
    groups.set(key, [...(groups.get(key) ?? []), item])
  }
  return groups
}

const shared = {
  resolve: { conditions: ['@evertoken/source', 'node', 'import', 'default'] },
  ssr: { resolve: { conditions: ['@evertoken/source', 'node', 'import', 'default'] } },
}

export default defineConfig({
  test: {
    testTimeout: 30_000,
    projects: [
      {
        ...shared,
        test: {
          name: 'unit',
          include: ['packages/*/test/**/*.test.ts', 'test/stores/**/*.test.ts'],
          // On the real workerd: see test/adapters.
          exclude: ['packages/cloudflare/test/**'],
        },
      },
      { ...shared, test: { name: 'architecture', include: ['test/architecture/**/*.test.ts'] } },
      {
        ...shared,
        test: { name: 'integration', include: ['test/integration/**/*.test.ts', 'test/programs/*.test.ts'] },
      },
    ],
  },
})
