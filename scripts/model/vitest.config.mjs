import { readFileSync } from 'node:fs'
import { defineConfig } from 'vitest/config'
import { root } from '../mutants/core.mjs'
import shared from '../../vitest.config.ts'

const conditions = ['@evertoken/source', 'node', 'import', 'default']
const sources = new Map(JSON.parse(readFileSync(process.env.MUTANT, 'utf8')))

/** Runs tests against core, changed by the sources in the file that the environment variable `MUTANT` names. */
export default defineConfig({
  root,
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  plugins: [
    {
      name: 'mutate',
      enforce: 'pre',
      transform(_, id) {
        const source = sources.get(id.split('?')[0])
        return source === undefined ? undefined : { code: source, map: null }
      },
    },
  ],
  test: {
    // Sources that were changed differ from the cached ones, but have the same path.
    fsModuleCache: false,
    testTimeout: shared.test.testTimeout,
    include: ['packages/core/test/**/*.test.ts', 'test/integration/*.test.ts'],
  },
})
