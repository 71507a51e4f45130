import { readFile } from 'node:fs/promises'

const root = new URL('../', import.meta.url)
const styles = ['base', 'layout', 'token', 'calls', 'log']
const scripts = ['page', 'elements', 'life', 'log', 'result']

/** The files of the page, by the path that a browser asks for. */
const files = new Map([
  ['/', { path: 'public/page.html', type: 'text/html' }],
  ...styles.map((name) => [`/${name}.css`, { path: `public/${name}.css`, type: 'text/css' }] as const),
  ...scripts.map(
    (name) => [`/${name}.js`, { path: `dist/browser/${name}.js`, type: 'text/javascript' }] as const,
  ),
])

// Signing out leads to the authorization server and back; everything else stays on this origin.
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  'img-src data:',
  `form-action 'self' ${process.env['ISSUER']}`,
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** @returns `undefined` when the page has no such file. */
export async function pageFile(pathname: string): Promise<Response | undefined> {
  const file = files.get(pathname)
  if (!file) return undefined
  const headers = {
    'content-type': `${file.type}; charset=utf-8`,
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-cache',
  }
  return new Response(await readFile(new URL(file.path, root)), { headers })
}
