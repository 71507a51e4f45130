import { readFile } from 'node:fs/promises'
import { transform } from 'esbuild'

const CORPUS = new URL('../../packages/core/test/rules/hostile-return-to.ts', import.meta.url)

/** The corpus of the rule's own test, for an application at this URL. */
export async function hostileReturnTo(appUrl) {
  const { code } = await transform(await readFile(CORPUS, 'utf8'), { loader: 'ts' })
  const { hostileReturnTo: corpus } = await import(`data:text/javascript,${encodeURIComponent(code)}`)
  const { host } = new URL(appUrl)
  return corpus.map((value) =>
    value.replaceAll('https://app.example.com', `http://${host}`).replaceAll('app.example.com', host),
  )
}

/** As short as it gets: some are so long that a server would not read the request. A lone surrogate has no encoding. */
export function inQuery(value) {
  return encodeURIComponent(Buffer.from(value).toString()).replaceAll('%2F', '/')
}
