import type { EvertokenEvent } from '@evertoken/core'
import { evertoken } from '@evertoken/node'
import { describe, expect, it } from 'vitest'
import {
  answerWithToken,
  type Browser,
  createApplication,
  createBrowser,
  createTestStore,
  kinds,
} from './application.ts'
import { authorize, locationOf, ofType, pathOf } from './steps.ts'

const OLD = 'the old secret, of 32 characters'
const NEW = 'the new secret, of 32 characters'

/** The steps of the roll-out, as the option `encryptionSecret` of an instance. */
const STEPS = {
  old: OLD,
  'old, new': [OLD, NEW],
  'new, old': [NEW, OLD],
  new: NEW,
}
type Step = keyof typeof STEPS

/** Instances of one application at different steps, and a browser whose requests a load balancer sends to either. */
function createFleet(session: 'cookie' | 'server', first: Step, second: Step) {
  const store = createTestStore()
  const application = createApplication({ session, store, encryptionSecret: STEPS[first] })
  const { server, clock, options, events, auth } = application
  const theirs: EvertokenEvent[] = []
  const onEvent = (event: EvertokenEvent) => void theirs.push(event)
  const other = evertoken({ ...options, encryptionSecret: STEPS[second], onEvent })
  const one = application.browser()
  const two = createBrowser(other, server, answerWithToken(other))
  /** Lets the other instance see the cookies that the browser holds. */
  const move = (from: Browser, to: Browser): Browser => {
    to.cookies.clear()
    for (const [name, value] of from.cookies) to.cookies.set(name, value)
    return to
  }
  const rejected = () => [...ofType(events, 'session_rejected'), ...ofType(theirs, 'session_rejected')]
  return { server, clock, auth, one, two, move, rejected }
}

const neighbours: [Step, Step][] = [
  ['old', 'old, new'],
  ['old, new', 'old'],
  ['old, new', 'new, old'],
  ['new, old', 'old, new'],
  ['new, old', 'new'],
  ['new', 'new, old'],
]

describe.each(kinds)('secrets that are rolled out step by step, %s session', (session) => {
  it.each(neighbours)('[%s] and [%s]: each instance opens the sessions of the other', async (...steps) => {
    const { server, clock, one, two, move, rejected } = createFleet(session, ...steps)
    await one.signIn()
    expect((await move(one, two).get('/')).status).toBe(200)
    // Both refresh in turn, and so write the record and the cookie.
    for (let i = 0; i < 2; i++) {
      await clock.advance(301_000)
      expect((await move(one, two).get('/')).status).toBe(200)
      await clock.advance(301_000)
      expect((await move(two, one).get('/')).status).toBe(200)
    }
    expect((await move(one, two).post('/auth/logout')).status).toBe(303)
    expect((await one.get('/')).status).toBe(401)
    expect([server.maxUses(), rejected()]).toEqual([1, []])
  })

  it.each(neighbours)('[%s] and [%s]: a sign-in can begin at one and end at the other', async (...steps) => {
    const { server, one, two, move } = createFleet(session, ...steps)
    const { callback } = await authorize(one, server, '?returnTo=/orders')
    const back = await move(one, two).get(pathOf(callback))
    expect([back.status, back.headers.get('location')]).toEqual([303, '/orders'])
    expect((await move(two, one).get('/')).status).toBe(200)
  })

  it.each(neighbours)('[%s] and [%s]: so can a sign-out', async (...steps) => {
    const { one, two, move } = createFleet(session, ...steps)
    await one.signIn()
    const to = locationOf(await one.post('/auth/logout?returnTo=/bye'))
    const state = to.searchParams.get('state')
    expect(state).not.toBeNull()
    const back = await move(one, two).get(`/?state=${state}`)
    expect([back.status, back.headers.get('location')]).toEqual([303, '/bye'])
  })
})

describe.each(kinds)('a new secret that encrypts before all instances know it, %s session', (session) => {
  it('is refused by the others', async () => {
    const { one, two, move, rejected } = createFleet(session, 'new, old', 'old')
    await one.signIn()
    expect((await move(one, two).get('/')).status).toBe(401)
    expect(rejected()).toEqual([{ type: 'session_rejected', reason: 'unknown_key' }])
    // Nothing is lost: the instances that know the secret still open the session.
    expect((await one.get('/')).status).toBe(200)
  })

  it('makes sign-ins fail that end at another instance, and sign-outs forget where they lead', async () => {
    const { server, one, two, move } = createFleet(session, 'new, old', 'old')
    const { callback } = await authorize(one, server)
    expect((await move(one, two).get(pathOf(callback))).status).toBe(400)

    await one.signIn()
    const to = locationOf(await one.post('/auth/logout?returnTo=/bye'))
    const back = await move(one, two).get(`/?state=${to.searchParams.get('state')}`)
    expect(back.headers.get('location')).toBe('/')
  })
})
