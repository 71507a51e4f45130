/**
 * Signing in from a page of a real authorization server, in headless Chromium, with cookies that are Lax or Strict.
 * Usage: node test/browser/same-site.mjs (after `npm run build`)
 */
import { createServer } from 'node:http'
import { evertoken } from '@evertoken/node'
import { CLIENT, startAuthorizationServer } from './authorization-server.mjs'
import { createChecks } from './checks.mjs'
import { openBrowser } from './open-browser.mjs'

const { check, report } = createChecks()
for (const sameSite of ['Lax', 'Strict']) {
  for (const session of ['cookie', 'server']) await run(sameSite, session)
}
process.exitCode = report()
process.exit()

async function run(sameSite, session) {
  const http = createServer()
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve))
  const appUrl = `http://127.0.0.1:${http.address().port}`
  const { issuer } = await startAuthorizationServer({
    appUrl,
    backChannelUrl: appUrl,
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
  })
  const home = async () => {
    const user = await auth.getUser()
    if (user) return new Response(`hello ${user.sub}`)
    return new Response(null, { status: 303, headers: { location: '/auth/login?returnTo=/home' } })
  }
  http.on('request', auth.listener(home))

  const { browser, page } = await openBrowser()
  await check(`S22: who has signed in is signed in, ${sameSite} cookie, ${session} session`, async () => {
    await page.goto(`${appUrl}/home`)
    await page.click('button')
    await page.waitForURL(`${appUrl}/home`)
    return (await page.textContent('body')) === 'hello ada'
  })
  await browser.close()
  http.closeAllConnections()
  http.close()
}
