import { builtinModules } from 'node:module'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/** What a Worker imports: for token management alone, and for all there is. */
export const WORKERS = {
  'cloudflare-core': `export { createDurableObjectStore, evertoken, EvertokenSessions } from '@evertoken/cloudflare/tokens'`,
  'cloudflare-full': `export { createDurableObjectStore, evertoken, EvertokenSessions } from '@evertoken/cloudflare'`,
}

/**
 * Bundles code against what is installed in a project, as an application would.
 *
 * @returns The minified size, that size gzipped, and the modules left outside.
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
  const external = Object.values(metafile.outputs).flatMap(({ imports }) =>
    imports.filter((each) => each.external).map(({ path }) => path),
  )
  return { text, bytes: contents.byteLength, gzipped: gzipSync(contents, { level: 9 }).byteLength, external }
}
