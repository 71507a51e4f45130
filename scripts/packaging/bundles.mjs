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
