import { readFile } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'

const METADATA = ['description', 'keywords', 'homepage', 'bugs', 'repository', 'license', 'publishConfig']

/** Returns the problems of the files of a package. */
export async function checkContents({ files, installed }) {
  const manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'))
  const have = new Set(files)
  const missing = ['README.md', 'LICENSE'].filter((name) => !have.has(name))
  const strange = files.filter((path) => !isWanted(path) || isStale(path, have))
  const lost = (await Promise.all(files.map((path) => lostSources(path, have, installed)))).flat()
  return [
    ...METADATA.filter((key) => !(key in manifest)).map((key) => `package.json has no \`${key}\``),
    ...missing.map((path) => `${path} is missing`),
    ...strange.map((path) => `${path} should not be there`),
    ...lost,
  ]
}

function isWanted(path) {
  return (
    /^(?:README\.md|LICENSE|package\.json|deno\.json)$/.test(path) ||
    /^src\/[\w\-/]+\.ts$/.test(path) ||
    /^dist\/[\w\-/]+(?:\.js|\.d\.ts)(?:\.map)?$/.test(path)
  )
}

/** Whether a file was built from a source that no longer exists. */
function isStale(path, have) {
  const [, name] = /^dist\/(.+?)(?:\.js|\.d\.ts)(?:\.map)?$/.exec(path) ?? []
  return name !== undefined && !have.has(`src/${name}.ts`)
}

/** Returns the source maps and sources that are missing from the package. */
async function lostSources(path, have, installed) {
  if (!path.startsWith('dist/')) return []
  const text = await readFile(join(installed, path), 'utf8')
  const referred = path.endsWith('.map')
    ? JSON.parse(text).sources
    : [...text.matchAll(/^\/\/# sourceMappingURL=(\S+)/gm)].map(([, name]) => name)
  const resolved = referred.map((name) => posix.join(dirname(path), name))
  return resolved
    .filter((name) => !have.has(name))
    .map((name) => `${path} refers to ${name}, which is not there`)
}
