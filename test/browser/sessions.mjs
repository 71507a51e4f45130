/**
 * Sessions in headless Chromium, with a real authorization server and two processes of the application.
 * Usage: node test/browser/sessions.mjs (after `npm run build`)
 */
import { createChecks } from './checks.mjs'
import { startFleet } from './fleet.mjs'
import { hostileReturnTo, inQuery } from './hostile-return-to.mjs'
import { leadingAway, readAll } from './in-page.mjs'
import { openBrowser } from './open-browser.mjs'

const DAY_SECONDS = 86_400
const SESSION = /^evertoken-[\da-z]+$/
const { check, report } = createChecks()
for (const session of ['cookie', 'server']) await run(session)
process.exitCode = report()
process.exit()

async function run(session) {
  const issued = []
  const { appUrl, issuer, logouts, front, back, stop } = await startFleet(session, (tokens) =>
    issued.push(tokens),
  )
  const { browser, context, page, seen } = await openBrowser()
  const other = await context.newPage()
  context.setDefaultTimeout(10_000)
  const answers = []
  const visited = new Set()
  const dialogs = []
  const sealed = new Set()
  for (const tab of [page, other]) {
    tab.on('response', (response) => answers.push(response))
    tab.on('request', (it) => it.isNavigationRequest() && visited.add(new URL(it.url()).origin))
    tab.on('dialog', (dialog) => dialogs.push(dialog.message()))
  }
  const titled = (title) => `${title}, ${session} session`
  const shows = (tab, selector, wanted) => tab.locator(selector, { hasText: wanted }).waitFor()
  const noteSealed = async () => {
    for (const { name, value } of await context.cookies(appUrl))
      if (name.includes('evertoken')) sealed.add(value)
  }
  const act = async (tab, wanted) => {
    await tab.click('#act')
    await shows(tab, '#result', wanted)
  }

  async function signIn(tab, returnTo) {
    await tab.goto(`${appUrl}/auth/login?returnTo=${returnTo}`)
    if (tab.url().startsWith(issuer)) await tab.click('button')
    await tab.waitForURL(appUrl + returnTo)
    await shows(tab, '#name', 'Ada')
    await noteSealed()
  }

  await check(
    titled('S7: two tabs sign in at the same time, and share the session that came last'),
    async () => {
      await page.goto(`${appUrl}/auth/login?returnTo=/private?tab=1`)
      await other.goto(`${appUrl}/auth/login?returnTo=/private?tab=2`)
      await noteSealed()
      await Promise.all([page, other].map((tab) => tab.click('button')))
      await page.waitForURL(`${appUrl}/private?tab=1`)
      await other.waitForURL(`${appUrl}/private?tab=2`)
      await noteSealed()
      for (const tab of [page, other]) await act(tab, '200 done')
      const names = (await context.cookies(appUrl)).map(({ name }) => name)
      return names.length === 1 && SESSION.test(names[0])
    },
  )

  await check(titled('S4: scripts of the page read no token and nothing sealed'), async () => {
    const found = await page.evaluate(readAll)
    const everything = found + (await page.content())
    const secrets = [
      ...sealed,
      ...issued.flatMap(({ access_token, refresh_token }) => [access_token, refresh_token]),
    ]
    const wasWatching = found.includes('"claims"') && found.includes('cache-control: no-store')
    return wasWatching && secrets.length >= 6 && !secrets.some((secret) => everything.includes(secret))
  })

  await check(titled('S25: the cache of the browser holds nothing private'), async () => {
    const cached = (path) =>
      page.evaluate(
        (url) =>
          fetch(url, { cache: 'only-if-cached', mode: 'same-origin' }).then(
            ({ ok }) => ok,
            () => false,
          ),
        path,
      )
    await page.evaluate(() => fetch('/public.txt').then((response) => response.text()))
    const held = []
    for (const path of ['/private?tab=1', '/auth/user', '/auth/user?slide=false', '/auth/login']) {
      if (await cached(path)) held.push(path)
    }
    return (await cached('/public.txt')) && held.length === 0
  })

  await check(
    titled('a session that expires under a click: the page learns it, and nothing breaks'),
    async () => {
      await front.ask({ jump: DAY_SECONDS + 1 }, 'ahead')
      await act(page, '401 sign in')
      await shows(page, '#state', 'signed out')
      await shows(other, '#state', 'signed out')
      await page.reload()
      await act(page, '401 sign in')
      await front.ask({ jump: 0 }, 'ahead')
      await signIn(page, '/private')
      return front.events.some(({ reason }) => reason === 'idle')
    },
  )

  await check(titled('S11: signing out in one tab ends the other'), async () => {
    await other.goto(`${appUrl}/private`)
    await act(other, '200 done')
    await page.click('#sign-out')
    await page.waitForURL(`${appUrl}/`)
    await shows(other, '#state', 'signed out')
    await act(other, '401 sign in')
    const cookies = (await context.cookies(appUrl)).map(({ name }) => name)
    return !cookies.some((name) => SESSION.test(name))
  })

  await check(titled('S25: the back button shows no data of the user who signed out'), async () => {
    const devtools = await context.newCDPSession(page)
    const { entries } = await devtools.send('Page.getNavigationHistory')
    const visits = entries.filter(({ url }) => url.startsWith(`${appUrl}/private`))
    for (const { id: entryId } of visits) {
      await devtools.send('Page.navigateToHistoryEntry', { entryId })
      await page.waitForURL(`${appUrl}/private*`)
      await shows(page, '#name', 'nobody')
    }
    return visits.length > 0
  })

  await check(titled('S12: the authorization server ends the session, on another process'), async () => {
    await signIn(page, '/private')
    await act(page, '200 done')
    logouts.length = 0
    const told = back.events.length
    await other.goto(`${issuer}/session/end`)
    await shows(page, '#state', 'signed out')
    await act(page, '401 sign in')
    const ended = back.events.slice(told).filter(({ type }) => type === 'session_ended')
    return logouts.join() === 'success' && ended.map(({ reason }) => reason).join() === 'back_channel_logout'
  })

  // It depends on no session: once is enough.
  if (session === 'cookie') {
    await check(
      'S24: no return-to of the corpus leads a real sign-in away from the application',
      async () => {
        await signIn(page, '/private')
        await other.goto(`${appUrl}/public.txt`)
        const corpus = await hostileReturnTo(appUrl)
        const astray = []
        const locations = []
        page.on('response', async (response) => {
          if (response.url().startsWith(`${appUrl}/auth/callback`))
            locations.push(response.headers()['location'])
        })
        for (const value of corpus) {
          const url = `${appUrl}/auth/login?returnTo=${inQuery(value)}`
          await page.goto(url, { waitUntil: 'domcontentloaded' })
          const { origin, pathname } = new URL(page.url())
          const arrived = await page.locator('#name').count()
          if (origin !== appUrl || pathname.startsWith('/auth/') || arrived !== 1) astray.push(value)
        }
        await page.goto(`${appUrl}/a/page/below`)
        const elsewhere = await page.evaluate(leadingAway, locations)
        const problems = [...astray, ...elsewhere]
        if (problems.length > 0)
          throw new Error(
            problems
              .slice(0, 5)
              .map((it) => JSON.stringify(it))
              .join(' '),
          )
        return corpus.length >= 60 && locations.length === corpus.length && dialogs.length === 0
      },
    )
  }

  await check(
    titled('S30: the browser has visited only the application and its authorization server'),
    async () => {
      return visited.size === 2 && [appUrl, issuer].every((origin) => visited.has(origin))
    },
  )

  await check(titled('S25: every response of a route forbids caching'), async () => {
    const routes = answers.filter((answer) => answer.url().startsWith(`${appUrl}/auth/`))
    const paths = new Set(routes.map((answer) => new URL(answer.url()).pathname))
    const cached = routes.filter((answer) => answer.headers()['cache-control'] !== 'no-store')
    if (cached.length > 0) throw new Error(cached.map((answer) => answer.url()).join())
    return ['login', 'callback', 'user', 'logout'].every((name) => paths.has(`/auth/${name}`))
  })

  await check(titled('the pages broke nothing'), async () => {
    const broken = (await seen()).filter((line) => line.startsWith('page error'))
    return broken.length === 0
  })

  await browser.close()
  await stop()
}
