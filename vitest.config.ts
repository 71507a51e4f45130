import { defineConfig } from 'vitest/config'

const shared = {
  resolve: { conditions: ['@evertoken/source', 'node', 'import', 'default'] },
  ssr: { resolve: { conditions: ['@evertoken/source', 'node', 'import', 'default'] } },
}

export default defineConfig({
  test: {
    testTimeout: 30_000,
    projects: [
      { ...shared, test: { name: 'unit', include: ['packages/*/test/**/*.test.ts'] } },
      { ...shared, test: { name: 'architecture', include: ['test/architecture/**/*.test.ts'] } },
      { ...shared, test: { name: 'integration', include: ['test/integration/**/*.test.ts'] } },
    ],
  },
})
