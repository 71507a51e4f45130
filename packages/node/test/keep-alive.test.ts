import { createServer } from 'node:http'
import { evertoken, type HandlerOptions } from '@evertoken/node'
import { pauseAfterProcessing } from '@evertoken/testkit'
import { createWorld } from '@evertoken/testkit/world'
import { describe, expect, it } from 'vitest'
import { listen } from './application.ts'

/** An application with a user whose token is so near its end that the next call refreshes it in the background. */
async function startNearExpiry() {
  const world = createWorld()
  const auth = evertoken(world.options)
  const { cookie } = await world.signIn(auth)
  await world.clock.advance(285_000)
  const hold = pauseAfterProcessing()
  world.authorizationServer.script('refresh', hold)
  const application = async () => new Response((await auth.getUserAccessToken())?.type)
  return { auth, application, headers: { cookie }, hold }
}

describe('the option keepAlive', () => {
  it.each(['handler', 'listener'] as const)('of %s gets the refresh in the background', async (form) => {
    const { auth, application, headers, hold } = await startNearExpiry()
    const kept: Promise<unknown>[] = []
    const options = { keepAlive: (work: Promise<unknown>) => void kept.push(work) }
    const response =
      form === 'handler'
        ? auth.handler(application, options)(new Request('http://127.0.0.1/', { headers }))
        : fetch(await listen(createServer(auth.listener(application, options))), { headers })
    expect(await (await response).text()).toBe('Bearer')

    await hold.reached
    let finished = false
    const all = Promise.all(kept).then(() => (finished = true))
    await new Promise(setImmediate)
    expect([kept.length > 0, finished]).toEqual([true, false])
    hold.release()
    await all
  })

  it.each([
    ['a function in its place', () => {}],
    ['another type', { keepAlive: true }],
    ['a misspelled name', { waitUntil: () => {} }],
    ['null', null],
  ])('refuses %s when the handler is created', async (_what, wrong) => {
    const { auth, application } = await startNearExpiry()
    const options = wrong as HandlerOptions
    const error = expect.objectContaining({ name: 'ConfigurationError', code: 'invalid_option' })
    expect(() => auth.handler(application, options)).toThrow(error)
    expect(() => auth.listener(application, options)).toThrow(error)
  })
})
