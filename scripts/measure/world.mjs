import { evertoken } from '@evertoken/node'
import { createShiftableClock } from '@evertoken/testkit'
import * as testkit from '@evertoken/testkit/world'

const TOKEN_SECONDS = 300

/**
 * An application in a test world, whose time is moved by `expire`.
 *
 * @param options - Options of `evertoken()` in addition to those of the world.
 */
export function createWorld(options = {}) {
  const clock = createShiftableClock()
  const authorizationServer = { accessTokenSeconds: TOKEN_SECONDS }
  const world = testkit.createWorld({ clock, authorizationServer })
  return {
    ...world,
    /** Each instance has its own memory, like a process. */
    createInstance: () => evertoken({ ...world.options, ...options }),
    expire: () => clock.advance(TOKEN_SECONDS + 1),
  }
}

/** A handler that returns the access token, which no application may do. */
export function tokenHandler(auth) {
  return auth.handler(async () => {
    const token = await auth.getUserAccessToken()
    return new Response(token?.value, { status: token ? 200 : 401 })
  })
}
