/**
 * Clicks through the example application in headless Chromium.
 * Usage: node test/browser/example.mjs [path of a screenshot]
 */
import { startSandbox } from '../../examples/node-app/dist/sandbox.js'
import { createChecks } from './checks.mjs'
import { openBrowser } from './open-browser.mjs'

const ACCESS_TOKEN_SECONDS = 4

const issued = []
let revocations = 0
const { appUrl, close } = await startSandbox({
  port: 0,
  accessTokenSeconds: ACCESS_TOKEN_SECONDS,
  onIssued: (tokens) => issued.push(tokens),
  onRevoked: () => revocations++,
})
const { browser, context, page, seen } = await openBrowser()
const { check, report } = createChecks()

const text = (selector) => page.locator(selector).innerText()
const shows = (selector, wanted) => page.locator(selector, { hasText: wanted }).waitFor()
const lives = (life) => page.locator(`#token[data-life="${life}"]`).waitFor()
const refreshes = () => issued.filter(({ grantType }) => grantType === 'refresh_token').length

await check('the page offers to sign in', async () => {
  await page.goto(appUrl)
  await page.locator('#sign-in').waitFor()
  return !(await page.locator('#orders').isVisible())
})

await check('one click at the authorization server signs in', async () => {
  await page.click('#sign-in')
  const elsewhere = new URL(page.url()).hostname !== new URL(appUrl).hostname
  await page.click('button')
  await shows('#name', 'Ada Lovelace')
  return elsewhere && (await text('#email')) === 'ada@example.com'
})

await check('the bar runs down while the token lives', async () => {
  const left = Number(await text('#seconds'))
  await page.waitForFunction((from) => Number(document.querySelector('#seconds').textContent) < from, left)
  return left > 0 && left <= ACCESS_TOKEN_SECONDS
})

await check('a token fetch calls the orders API', async () => {
  await page.click('#orders')
  await shows('#result', 'Pocket sextant')
})

await check('a typed client calls the profile API', async () => {
  await page.click('#profile')
  await shows('#result', 'Analytical')
})

await check('100 calls meet an expired token, and one refresh reaches the authorization server', async () => {
  await lives('expired')
  const before = refreshes()
  await page.click('#burst')
  await shows('#result', '100 of 100 answered, 1 refresh')
  await lives('fresh')
  await shows('#log', 'Token shared ×99')
  return refreshes() - before === 1
})

if (process.argv[2]) {
  // Until the last dot has arrived.
  await page.evaluate(() => Promise.all(document.getAnimations().map(({ finished }) => finished)))
  await page.screenshot({ path: process.argv[2] })
}

await check('scripts of the page find no session anywhere', async () => {
  const found = await page.evaluate(async () => [
    document.cookie,
    ...Object.values(localStorage),
    ...Object.values(sessionStorage),
    ...(await indexedDB.databases()),
    ...(await caches.keys()),
  ])
  return found.join('') === ''
})

await check('the session cookie is HttpOnly and SameSite', async () => {
  const [cookie, ...others] = await context.cookies(appUrl)
  return others.length === 0 && cookie.httpOnly && cookie.sameSite === 'Lax'
})

await check('a request forged by another site is refused', async () => {
  const headers = { 'sec-fetch-site': 'cross-site', origin: 'https://elsewhere.example' }
  const responses = await Promise.all(
    ['/api/revoke', '/api/burst', '/auth/logout'].map((path) =>
      context.request.post(appUrl + path, { headers, maxRedirects: 0 }),
    ),
  )
  return responses.every((response) => response.status() === 403) && revocations === 0
})

await check('the refresh token is revoked, and the access token is the last one', async () => {
  await page.click('#revoke')
  await shows('#log', 'Refresh token revoked')
  await lives('over')
  await page.getByText('Sign in again').waitFor()
  await page.click('#orders')
  await shows('#result', '401 in')
  return revocations === 1
})

await check('signing out ends the session here and at the authorization server', async () => {
  await page.click('#sign-out')
  await page.locator('#sign-in').waitFor()
  await shows('#log', 'Session ended')
  await page.reload()
  await page.locator('#sign-in').waitFor()
  return (
    page.url() === `${appUrl}/` &&
    (await context.cookies()).every(({ name }) => !/^evertoken-[\da-z]+$/.test(name))
  )
})

await check('the browser has never seen an access token or a refresh token', async () => {
  const everything = [...(await seen()), await page.content()].join('\n')
  const tokens = issued.flatMap(({ tokens: { access_token, refresh_token } }) => [
    access_token,
    refresh_token,
  ])
  const wasWatching = ['Pocket sextant', 'token_refreshed', '"secondsLeft"'].every((it) =>
    everything.includes(it),
  )
  return wasWatching && tokens.length >= 4 && !tokens.some((token) => everything.includes(token))
})

await check('the page broke nothing, its own content policy included', async () => {
  const broken = (await seen()).filter((line) => /^page error|Content Security Policy/.test(line))
  return broken.length === 0
})

await browser.close()
await close()
process.exitCode = report()
