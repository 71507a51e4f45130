import { OperatorError } from '@evertoken/core'
import { expect, it } from 'vitest'
import { clientSecretPost } from '@evertoken/core/credentials'
import { createApplication, currentRefreshToken, kinds } from './application.ts'
import { idle, ofType } from './steps.ts'

const SECRET = 'web-secret-for-tests-only'
const PROBLEM = { name: 'OperatorError', code: 'key_service_unavailable' }

it.each(kinds)('a %s session survives an outage of the key service', async (session) => {
  let answer: () => string | Promise<string> = () => SECRET
  const app = createApplication({ session, clientSecret: () => answer() })
  const { auth, server, clock, events } = app
  const failureOf = async () => {
    let failure: unknown
    await tab.get('/', undefined, undefined, async () => {
      failure = await auth.getUserAccessToken().catch((error: unknown) => error)
      return new Response()
    })
    return failure
  }
  const tab = app.browser()
  await tab.signIn()
  await clock.advance(301_000)
  const before = currentRefreshToken(server)

  const faults: (typeof answer)[] = [
    () => '',
    () => Promise.reject(new Error('The key service is down')),
    () => new Promise(() => undefined),
  ]
  for (const fault of faults) {
    answer = fault
    const failure = failureOf()
    for (let i = 0; i < 11; i++) await clock.advance(1000)
    expect(await failure).toMatchObject(PROBLEM)
  }
  expect(server.counts.refresh).toBe(0)
  expect(currentRefreshToken(server)).toBe(before)
  expect(events.filter(({ type }) => type === 'token_unavailable')).toHaveLength(faults.length)

  answer = () => SECRET
  const page = tab.get('/')
  expect((await page).status).toBe(200)
  expect(server.counts.refresh).toBe(1)
})

it('a value in place of the client secret signs in, refreshes and revokes', async () => {
  const { browser, server, clock } = createApplication({
    clientSecret: undefined as never,
    clientAuthentication: clientSecretPost(async () => SECRET),
  })
  const tab = browser()
  await tab.signIn()
  await clock.advance(301_000)
  expect((await tab.get('/')).status).toBe(200)
  expect(server.log.at(-1)?.parameters.get('client_secret')).toBe(SECRET)
})

it.each([
  { token: 'is current', age: 270, answer: 200 },
  { token: 'has expired', age: 301, answer: PROBLEM.code },
])('while the token $token, an outage is reported and causes few requests', async ({ age, answer }) => {
  let calls = 0
  let isDown = false
  const app = createApplication({
    clientSecret() {
      calls++
      if (isDown) throw new Error('down')
      return SECRET
    },
  })
  const tab = app.browser()
  await tab.signIn()
  await tab.get('/')
  await app.clock.advance(age * 1000)
  isDown = true
  calls = 0
  const answers = new Set<unknown>()
  const outcome = () =>
    tab.get('/').then(
      ({ status }) => status,
      ({ code }) => code,
    )
  for (let second = 0; second < 20; second++) {
    for (let i = 0; i < 3; i++) answers.add(await outcome())
    await idle(() => false, 20)
    await app.clock.advance(1000)
  }
  expect([...answers]).toEqual([answer])
  expect(calls).toBeGreaterThanOrEqual(3)
  expect(calls).toBeLessThanOrEqual(6)
  const failures = ofType(app.events, 'refresh_failed')
  expect(new Set(failures.map(({ code }) => code))).toEqual(new Set(['key_service_unavailable']))
  // Each refresh that fails is reported once.
  expect(failures).toHaveLength(60)
  expect(app.server.counts.refresh).toBe(0)
})

it('an error of Evertoken from the function of the application is not passed on', async () => {
  let isDown = false
  const app = createApplication({
    clientSecret() {
      if (isDown) throw new OperatorError('store_unavailable', 'The vault refuses hunter2')
      return SECRET
    },
  })
  const tab = app.browser()
  await tab.signIn()
  await app.clock.advance(301_000)
  isDown = true
  let failure: unknown
  await tab.get('/', undefined, undefined, async () => {
    failure = await app.auth.getUserAccessToken().catch((error: unknown) => error)
    return new Response()
  })
  expect(failure).toMatchObject({ ...PROBLEM, cause: { name: 'OperatorError' } })
  expect(JSON.stringify([String(failure), app.events])).not.toContain('hunter2')
})
