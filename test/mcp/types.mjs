import { execFile } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../../scripts/services.mjs'
import { AI, CLIENT, folderOf, SDK } from './versions.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Compiles `sdk-types.ts` against the declarations of the SDKs. Resolves to the errors of the compiler, if there are any. */
export async function compileTypes() {
  const [sdk, client, ai] = await Promise.all([SDK, CLIENT, AI].map(folderOf))
  const folder = await temporaryFolder('mcp-types')
  const config = join(folder, 'tsconfig.json')
  const compilerOptions = {
    target: 'ES2022',
    module: 'NodeNext',
    lib: ['ES2023', 'ESNext.Disposable', 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable'],
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: true,
    paths: {
      [`${SDK}/*`]: [join(sdk, 'dist/esm/*')],
      [CLIENT]: [join(client, 'dist/index.d.mts')],
      [AI]: [join(ai, 'dist/index.d.ts')],
    },
  }
  await writeFile(config, JSON.stringify({ compilerOptions, files: [join(root, 'test/mcp/sdk-types.ts')] }))
  try {
    return await new Promise((resolve) => {
      execFile(join(root, 'node_modules/.bin/tsc'), ['-p', config], (error, stdout) =>
        resolve(error ? stdout || error.message : undefined),
      )
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
