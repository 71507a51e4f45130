/**
 * Effects of pages of other sites, restored tabs and repeated requests on a sign-in, in headless Chromium.
 * Usage: node test/browser/other-sites.mjs (after `npm run build`)
 */
import { createServer } from 'node:http'
import { evertoken } from '@evertoken/node'
import { CLIENT, startAuthorizationServer } from './authorization-server.mjs'
import { createChecks } from './checks.mjs'
import { openBrowser } from './open-browser.mjs'
import { listen, retrying } from './servers.mjs'

/** nginx accepts no longer header line. Node counts all headers. */
const NGINX_BYTES = 8192
/** Each sign-in that has begun has a cookie, whatever keeps the sessions, and 30 tabs take up to a minute. */
const TABS = { cookie: 30, server: 5 }
const EVIL = '/api/files/evil.html?delete=everything'

const { check, report } = createChecks()
for (const sameSite of ['Lax', 'Strict']) {
  for (const session of ['cookie', 'server']) await run(sameSite, session)
}
process.exitCode = report()
process.exit()

async function run(sameSite, session) {
  let ahead = 0
  const calls = []
  const titled = (title) => `${title}, ${sameSite} cookie, ${session} session`

  // Its address is of another site than the application's: cookies and sites do not know ports.
  const evil = await listen('localhost', (request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><title>evil</title><button id="open">open</button>')
  })
  const api = await listen('127.0.0.1', (request, response) => {
    calls.push(`${request.method} ${request.url} ${request.headers.authorization ?? ''}`)
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><title>evil page of the API</title>')
  })
  const http = createServer({ maxHeaderSize: NGINX_BYTES })
  const app = await listen('127.0.0.1', undefined, http)
  const { issuer } = await startAuthorizationServer({
    appUrl: app.url,
    backChannelUrl: app.url,
    onIssued() {},
    onLoggedOut() {},
  })
  const auth = evertoken({
    issuer,
    clientId: CLIENT.id,
    clientSecret: CLIENT.secret,
    encryptionSecret: CLIENT.secret,
    session,
    sameSite,
    baseUrl: app.url,
    clock: {
      now: () => Date.now() / 1000 + ahead,
      elapsed: () => performance.now() + ahead * 1000,
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    },
    fetch: withoutDate,
  })
  const proxy = auth.createTokenProxy({ '/api/*': { target: `${api.url}/`, token: 'user' } })
  const home = async (request) => {
    const { pathname, search } = new URL(request.url)
    if (pathname === '/act') return new Response((await auth.getUserAccessToken()) ? 'done' : 'sign in')
    const answered = await proxy(request)
    if (answered) return answered
    const user = await auth.getUser()
    if (user) return new Response(`hello ${user.sub} at ${pathname}${search}`)
    const returnTo = encodeURIComponent(pathname + search)
    return new Response(null, { status: 303, headers: { location: `/auth/login?returnTo=${returnTo}` } })
  }
  const retries = retrying(auth.listener(home), '/auth/callback')
  http.on('request', retries.listener)

  const { browser, context, page } = await openBrowser()
  const login = (returnTo) => `${app.url}/auth/login?prompt=none&returnTo=${encodeURIComponent(returnTo)}`
  const address = (tab) => tab.url().slice(app.url.length)
  const cookieBytes = async () => {
    const cookies = await context.cookies(app.url)
    return cookies.map(({ name, value }) => `${name}=${value}`).join('; ').length
  }

  async function signIn(tab, path) {
    await tab.goto(app.url + path)
    if (tab.url().startsWith(issuer)) await tab.click('button')
    await tab.waitForURL(app.url + path)
  }

  async function signOut() {
    await context.clearCookies()
  }

  /** A page of another site sends the browser to an address. */
  async function lead(tab, url) {
    await tab.goto(evil.url)
    await tab.evaluate((to) => void (location.href = to), url)
    await tab.waitForURL(`${app.url}/**`)
    await tab.waitForLoadState()
  }

  await check(titled('S24: another site cannot make the application call an API'), async () => {
    await signIn(page, '/home')
    calls.length = 0
    await lead(page, login(EVIL))
    // Long enough for a page that continues automatically.
    await page.waitForTimeout(500)
    const stayed = address(page).startsWith('/auth/callback') && calls.length === 0
    await page.locator(`a[href="${EVIL}"]`).click()
    await page.waitForURL(app.url + EVIL)
    return stayed && calls.length === 0 && (await page.title()) !== 'evil page of the API'
  })

  await check(titled('S24: a click opens a page that another site chose'), async () => {
    await lead(page, login('/home?from=elsewhere'))
    await page.click('a[href="/home?from=elsewhere"]')
    await page.waitForURL(`${app.url}/home?from=elsewhere`)
    return (await page.textContent('body')).startsWith('hello ada')
  })

  await check(titled('S21: a link of the application does not show the response of an API'), async () => {
    await signIn(page, '/home')
    calls.length = 0
    await page.evaluate((to) => void (location.href = to), EVIL)
    await page.waitForURL(app.url + EVIL)
    const refused = (await page.textContent('body')).includes('navigation_refused')
    await page.goto(`${app.url}/home`)
    const fetched = await page.evaluate((to) => fetch(to).then(({ status }) => status), EVIL)
    return refused && fetched === 200 && calls.length === 1
  })

  await check(
    titled(`S40: ${TABS[session]} tabs that are restored at the same time all arrive`),
    async () => {
      await signOut()
      const tabs = await Promise.all(Array.from({ length: TABS[session] }, () => context.newPage()))
      const path = (i) => `/home?tab=${i}&long=${'x'.repeat(450)}`
      await Promise.all(tabs.map((tab, i) => tab.goto(app.url + path(i), { timeout: 60_000 })))
      const bytes = [await cookieBytes()]
      for (const [i, tab] of tabs.entries()) {
        await tab.click('button')
        await tab.waitForURL(app.url + path(i))
      }
      bytes.push(await cookieBytes())
      const texts = await Promise.all(tabs.map((tab) => tab.textContent('body')))
      await Promise.all(tabs.map((tab) => tab.close()))
      return texts.every((text) => text.startsWith('hello ada')) && Math.max(...bytes) < NGINX_BYTES - 1000
    },
  )

  await check(titled('S40: a popup of another site does not disturb a sign-in'), async () => {
    await signOut()
    await page.goto(`${app.url}/home?mine`)
    const elsewhere = await context.newPage()
    await elsewhere.goto(evil.url)
    await elsewhere.evaluate(() => {
      const openPopup = () => void (globalThis.popup = open('about:blank'))
      document.getElementById('open').addEventListener('click', openPopup)
    })
    const [popup] = await Promise.all([context.waitForEvent('page'), elsewhere.click('#open')])
    for (let i = 0; i < 8; i++) {
      const url = `${app.url}/auth/login?returnTo=/${i}${'x'.repeat(500)}`
      const arrived = popup.waitForResponse((response) => response.url().startsWith(`${issuer}/sign-in/`))
      await elsewhere.evaluate((to) => void (globalThis.popup.location = to), url)
      await arrived
    }
    await elsewhere.evaluate(async (url) => {
      const images = Array.from({ length: 8 }, () => new Image())
      // None of them is an image.
      const settled = images.map(
        (image) => new Promise((resolve) => image.addEventListener('error', () => resolve())),
      )
      for (const [i, image] of images.entries()) image.src = `${url}/auth/login?returnTo=/image${i}`
      await Promise.all(settled)
    }, app.url)
    await page.click('button')
    await page.waitForURL(`${app.url}/home?mine`)
    await Promise.all([popup.close(), elsewhere.close()])
    return (await page.textContent('body')).startsWith('hello ada') && (await cookieBytes()) < NGINX_BYTES
  })

  await check(titled('S34: a callback that a proxy sends twice is redeemed once'), async () => {
    await signOut()
    retries.twice = true
    await signIn(page, '/home?twice').finally(() => (retries.twice = false))
    if (retries.repeated !== 1) throw new Error(`sent ${retries.repeated} callbacks again`)
    // A server that noticed a second redemption has revoked the grant.
    ahead += 400
    await page.goto(`${app.url}/act`)
    return (await page.textContent('body')) === 'done'
  })

  await check(titled('S34: a callback that is opened again leads to the same page'), async () => {
    await signOut()
    let callback
    const note = (request) => {
      if (request.url().startsWith(`${app.url}/auth/callback`)) callback ??= request.url()
    }
    page.on('request', note)
    await signIn(page, '/home?again')
    page.off('request', note)
    await page.goto(callback)
    await page.waitForURL(`${app.url}/home?again`)
    await lead(page, callback)
    await page.waitForURL(`${app.url}/home?again`)
    return (await page.textContent('body')).startsWith('hello ada')
  })

  if (session === 'cookie') {
    const wanted =
      sameSite === 'Lax' ? 'shows the page' : 'leads to another sign-in, and to the page after a click'
    await check(`A link of another site ${wanted}, ${sameSite} cookie`, async () => {
      await signIn(page, '/home')
      await lead(page, `${app.url}/home?linked`)
      if (sameSite === 'Strict') await page.click('a[href="/home?linked"]')
      await page.waitForURL(`${app.url}/home?linked`)
      return (await page.textContent('body')).startsWith('hello ada')
    })
  }

  await browser.close()
  for (const server of [evil, api, app]) server.close()
}

/** So that the application follows its own clock. */
async function withoutDate(input, init) {
  const response = await fetch(input, init)
  const headers = new Headers(response.headers)
  headers.delete('date')
  return new Response(response.body, { status: response.status, headers })
}
