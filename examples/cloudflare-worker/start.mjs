/** Runs the Worker on workerd, the runtime that Cloudflare runs, with its variables from the environment. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { startWorkerd } from '../../packages/cloudflare/test/workerd.mjs'

const file = (path) => fileURLToPath(new URL(path, import.meta.url))
const wrangler = JSON.parse(await readFile(file('wrangler.json'), 'utf8'))
const { PORT = '3000' } = process.env
const names = [...Object.keys(wrangler.vars), 'CLIENT_SECRET', 'SESSION_SECRET']

const { url, close } = await startWorkerd({
  entry: file(wrangler.main),
  date: wrangler.compatibility_date,
  flags: wrangler.compatibility_flags,
  vars: Object.fromEntries(names.map((name) => [name, process.env[name] ?? ''])),
  sessions: wrangler.durable_objects.bindings[0].name,
  port: Number(PORT),
})
console.log(`Listening on ${url}`)
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void close())
