/** One process of the application under test; its parent configures it. */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRedisStore } from '@evertoken/core/redis'
import { evertoken } from '@evertoken/node'
import { createClient } from 'redis'

const ANYBODY = '<!doctype html><title>page</title><p id="name">anybody</p><a id="link" href="/">link</a>'
const HELPER = new URL('../../packages/core/dist/browser.js', import.meta.url)

const page = await readFile(new URL('page.html', import.meta.url), 'utf8')

const http = createServer()
await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve))
process.send({ url: `http://127.0.0.1:${http.address().port}` })
let ahead = 0
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const clock = { now: () => Date.now() / 1000 + ahead, elapsed: () => performance.now(), sleep }

process.once('disconnect', () => process.exit())
process.once('message', (settings) => void serve(settings))

async function serve({ redisUrl, ...options }) {
  const client = await createClient({ url: redisUrl }).connect()
  const store = createRedisStore({ client })
  const onEvent = (event) => process.connected && process.send({ event })
  const auth = evertoken({ ...options, store, clock, onEvent })
  http.on('request', auth.listener(createApplication(auth)))
  process.on('message', ({ jump }) => process.send({ ahead: (ahead = jump) }))
  process.send({ ready: true })
}

function createApplication(auth) {
  const privately = (body, status = 200) =>
    new Response(body, { status, headers: { 'content-type': 'text/html', 'cache-control': 'no-store' } })
  const routes = {
    '/private': async () => privately(page.replace('$NAME', (await auth.getUser())?.name ?? 'nobody')),
    '/public.txt': () => new Response('public', { headers: { 'cache-control': 'max-age=600' } }),
    '/browser.js': async () =>
      new Response(await readFile(HELPER), { headers: { 'content-type': 'text/javascript' } }),
    '/act': async (request) => {
      const refusal = auth.refuseCrossSite(request)
      if (refusal) return refusal
      const token = await auth.getUserAccessToken()
      return token ? privately('done') : privately('sign in', 401)
    },
  }
  return async (request) => (await routes[new URL(request.url).pathname]?.(request)) ?? privately(ANYBODY)
}
