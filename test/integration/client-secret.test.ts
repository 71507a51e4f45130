import { OperatorError } from '@evertoken/core'
import { expect, it } from 'vitest'
import { clientSecretPost } from '@evertoken/core/credentials'
import { createApplication, currentRefreshToken, kinds } from './application.ts'

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
