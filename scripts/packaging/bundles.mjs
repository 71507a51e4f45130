import { builtinModules } from 'node:module'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/** The imports of a Worker: only for token management, and for all features. */
export const WORKERS = {
  'cloudflare-core': `export { createDurableObjectStore, evertoken, EvertokenSessions } from '@evertoken/cloudflare/tokens'`,
  'cloudflare-full': `export { createDurableObjectStore, evertoken, EvertokenSessions } from '@evertoken/cloudflare'`,
}

/**
 * Bundles code against the packages of a project, like an application.
 *
 * @returns The minified size, that size gzipped, the modules left outside, and the names of the exports.
 */
export async function bundle(code, project, { conditions = ['import'], without = [] } = {}) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: project },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    mainFields: ['module', 'main'],
    conditions,
    external: ['node:*', 'cloudflare:*', ...builtinModules, ...without],
    legalComments: 'none',
    metafile: true,
    write: false,
    logLevel: 'silent',
  })
  const [{ contents, text }] = outputFiles
  const [{ imports, exports }] = Object.values(metafile.outputs)
  const external = imports.filter((each) => each.external).map(({ path }) => path)
  const gzipped = gzipSync(contents, { level: 9 }).byteLength
  return { text, bytes: contents.byteLength, gzipped, external, exports }
}
