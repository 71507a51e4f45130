/**
 * The API proxy and the helpers for pages in headless Chromium, with a sibling origin that tries to get in.
 * Usage: node test/browser/proxy.mjs (after `npm run build`)
 */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { evertoken } from '@evertoken/node'
import { createAuthorizationServer } from '@evertoken/testkit'
import { createChecks } from './checks.mjs'
import { openBrowser } from './open-browser.mjs'

const helper = new URL('../../packages/core/dist/browser.js', import.meta.url)
const html = (text = '') =>
  new Response(`<!doctype html><title>page</title>${text}`, { headers: { 'content-type': 'text/html' } })

/** The requests that reached the API. */
const calls = []
const api = await serve((request, response) => {
  calls.push({ method: request.method, path: request.url, headers: request.headers })
  if (request.url === '/v1/moved') return response.writeHead(302, { location: '/v1/orders' }).end()
  if (request.url === '/v1/away') return response.writeHead(302, { location: 'http://127.0.0.2:1/' }).end()
  if (request.url === '/v1/events') {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    return void response.write('data: first\n\n')
  }
  response.writeHead(200, { 'access-control-allow-origin': '*', 'set-cookie': 'from-api=1' }).end('orders')
})

const server = createAuthorizationServer()
const [client] = server.clients
const auth = evertoken({
  issuer: server.issuer,
  clientId: client.id,
  clientSecret: client.secret,
  encryptionSecret: 'a secret of thirty-two characters',
  session: 'server',
  fetch: (input, init) => server.fetch(input, init),
})
const proxy = auth.createTokenProxy({ '/api/*': { target: `${api}/v1/`, token: 'user' } })
let acted = 0
const routes = {
  '/': () => html(),
  '/start': async () => {
    await auth.startSession(await server.issue({ expiresIn: 300 }), { claims: { sub: 'user-1' } })
    return html()
  },
  '/end': async () => {
    await auth.endSession()
    return html()
  },
  '/act': (request) => auth.refuseCrossSite(request) ?? html(`acted ${++acted}`),
  '/browser.js': async () =>
    new Response(await readFile(helper), { headers: { 'content-type': 'text/javascript' } }),
}
const app = await serve(
  auth.listener(
    async (request) =>
      (await proxy(request)) ??
      (await routes[new URL(request.url).pathname]?.(request)) ??
      new Response(null, { status: 404 }),
  ),
)
// Another port is another origin of the same site: the browser sends the session cookie along.
const sibling = await serve((_request, response) =>
  response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>sibling</title>'),
)

const { browser, context, page } = await openBrowser()
const { check, report } = createChecks()
/** The status, the text or the error of a call that the page makes. */
const call = (path, init = {}, helped = false) =>
  page.evaluate(
    async ([url, options, withHelper]) => {
      const ask = withHelper ? (await import('/browser.js')).createBrowserFetch() : fetch
      return ask(url, options).then(
        async (response) => `${response.status} ${await response.text()}`,
        (error) => error.name,
      )
    },
    [path, init, helped],
  )

await page.goto(`${app}/start`)

await check('a page calls the API with the token of its user, and gets no cookie of the API', async () => {
  const answers = [await call('/api/orders'), await call('/api/orders', { method: 'POST', body: 'x' }, true)]
  const sent = calls
    .splice(0)
    .map(({ headers }) => headers.authorization.startsWith('Bearer at_') && !headers.cookie)
  const cookies = (await context.cookies()).map(({ name }) => name)
  return answers.every((it) => it === '200 orders') && sent.every(Boolean) && !cookies.includes('from-api')
})

await check('the helper for pages calls no other origin', async () => {
  return (await call(`${sibling}/`, {}, true)) === 'TypeError'
})

await check('a redirect of the API is followed through the proxy, and not out of it', async () => {
  const moved = await call('/api/moved')
  const away = await call('/api/away')
  return moved === '200 orders' && /^502 .*redirect_refused/.test(away)
})

await check('events of the API arrive while they happen', () =>
  page.evaluate(
    () =>
      new Promise((resolve) => {
        const source = new EventSource('/api/events')
        source.addEventListener('message', ({ data }) => resolve((source.close(), data === 'first')))
      }),
  ),
)

await check('a WebSocket is refused', () =>
  page.evaluate(
    () =>
      new Promise((resolve) => {
        const socket = new WebSocket(`ws://${location.host}/api/orders`)
        socket.addEventListener('open', () => resolve(false))
        socket.addEventListener('error', () => resolve(true))
      }),
  ),
)

calls.length = 0
await page.goto(sibling)
const refused = []
page.on('response', (response) => response.status() === 403 && refused.push(response.url()))

await check(
  'a sibling origin reads nothing and changes nothing, though its requests carry the cookie',
  async () => {
    const plain = await call(`${app}/api/orders`, { credentials: 'include', mode: 'no-cors' })
    const post = await call(`${app}/api/orders`, { method: 'POST', credentials: 'include', mode: 'no-cors' })
    const custom = await call(`${app}/api/orders`, {
      credentials: 'include',
      headers: { 'x-evertoken': '1' },
    })
    const act = await call(`${app}/act`, { method: 'POST', credentials: 'include', mode: 'no-cors' })
    const opaque = [plain, post, act].every((answer) => answer === '0 ')
    // Without the cookie the answer would be 401.
    return opaque && custom === 'TypeError' && refused.length >= 3
  },
)

await check('a sibling origin opens no socket', () =>
  page.evaluate(
    (url) =>
      new Promise((resolve) => {
        const socket = new WebSocket(url)
        socket.addEventListener('open', () => resolve(false))
        socket.addEventListener('error', () => resolve(true))
      }),
    `${app.replace('http', 'ws')}/api/orders`,
  ),
)

await check('a link from there opens pages of the application, not the API, and no form posts', async () => {
  const follow = async (path, method) => {
    await page.goto(sibling)
    const arrived = page.waitForNavigation({ url: app + path })
    await page.evaluate(
      ([action, how]) => {
        const form = Object.assign(document.createElement('form'), { action, method: how })
        document.body.append(form)
        form.submit()
      },
      [app + path, method],
    )
    return (await arrived).status()
  }
  const statuses = [
    await follow('/api/orders?', 'get'),
    await follow('/act', 'post'),
    await follow('/act?', 'get'),
  ]
  return statuses.join() === '403,403,200'
})

await check('none of that reached the API', async () => calls.length === 0 && acted === 1)

await check(
  'a page notices when the session ends elsewhere, and asks once a hidden page is shown',
  async () => {
    await page.goto(app)
    await page.evaluate(async () => {
      const { watchSession } = await import('/browser.js')
      window.ended = new Promise((onEnd) => watchSession({ onEnd, intervalSeconds: 0.05 }))
    })
    const other = await context.newPage()
    await other.goto(`${app}/end`)
    await page.evaluate(() => window.ended)
  },
)

await browser.close()
process.exitCode = report()
process.exit()

/** Listens on a free port, and returns its URL. */
async function serve(listener) {
  const http = createServer(listener)
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${http.address().port}`
}
