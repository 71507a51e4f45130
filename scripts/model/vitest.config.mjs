import { defineConfig } from 'vitest/config'
import { applyEdits, byPath, root } from './edits.mjs'
import shared from '../../vitest.config.ts'

const conditions = ['@evertoken/source', 'node', 'import', 'default']
const paths = byPath(JSON.parse(process.env.MUTANT ?? '{}'))

/** Runs tests against the sources of core, changed by the edits in the environment variable `MUTANT`. */
export default defineConfig({
  root,
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  plugins: [
    {
      name: 'mutate',
      enforce: 'pre',
      transform(code, id) {
        const pairs = paths.get(id.split('?')[0])
        return pairs && { code: applyEdits(code, pairs), map: null }
      },
    },
  ],
  test: {
    testTimeout: shared.test.testTimeout,
    include: ['packages/core/test/**/*.test.ts', 'test/integration/*.test.ts'],
  },
})
