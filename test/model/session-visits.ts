import { endSession } from '../../packages/core/src/mechanisms/sessions/end-session.ts'
import { revokeRefreshToken } from '../../packages/core/src/mechanisms/sessions/revocation.ts'
import { createCookieStrategy } from '../../packages/core/src/mechanisms/sessions/cookie-sessions.ts'
import type { CookieMac } from '../../packages/core/src/mechanisms/sessions/cookie-mac.ts'
import { createAuthorizationServers } from '../../packages/core/src/mechanisms/protocol/authorization-servers.ts'
import { createGrantCheck } from '../../packages/core/src/mechanisms/sessions/grant-check.ts'
import { createChunkedCookie } from '../../packages/core/src/mechanisms/sessions/chunked-cookie.ts'
import { createRequestSession } from '../../packages/core/src/mechanisms/sessions/request-session.ts'
import {
  createSealedRecords,
  createSealedStore,
  type IsRegistered,
} from '../../packages/core/src/mechanisms/sessions/sealed-store.ts'
import { createServerStrategy } from '../../packages/core/src/mechanisms/sessions/server-sessions.ts'
import type { SessionStrategy } from '../../packages/core/src/mechanisms/sessions/session-strategy.ts'
import { type BoundSession, bindSession } from '../../packages/core/src/surface/bound-session.ts'
import { type Application, type ApplicationParts, leaving, wantedBy } from './application.ts'
import type { Call } from './history.ts'
import { REGISTRATION } from './server-link.ts'

export const COOKIE = 's'
export const ABSOLUTE_SECONDS = 30 * 86_400

/** Whether a session is of the one server. */
export const isRegistered: IsRegistered = ({ issuer }) => issuer === REGISTRATION.issuer

/** Signing is not under test. */
const PLAIN_MAC: CookieMac = {
  sign: (value) => Promise.resolve(value),
  open: (value) => Promise.resolve({ value }),
}

function createStrategy({ plan, store, seal, clock, emit }: ApplicationParts): SessionStrategy {
  const { kind, idleTimeoutSeconds } = plan
  const sealedStore = createSealedStore(store, seal, isRegistered)
  const options = { sealedStore, clock, idleTimeoutSeconds, emit }
  if (kind === 'server') return createServerStrategy({ ...options, mac: PLAIN_MAC })
  return createCookieStrategy({
    ...options,
    cookies: createSealedRecords(seal, isRegistered),
    registration: REGISTRATION,
  })
}

/** The requests of browsers with sessions. */
export function createSessionVisits(parts: ApplicationParts): Application {
  const { plan, server, serverClock, clock, emit, refresher } = parts
  const servers = createAuthorizationServers([server])
  // Unhandled rejections must be visible.
  const keepAlive = () => undefined
  const strategy = createStrategy(parts)
  const { idleTimeoutSeconds } = plan
  const attributes = { secure: true, sameSite: 'Lax' } as const

  function bind(cookies: ReadonlyMap<string, string>): BoundSession {
    const grantCheck = createGrantCheck(refresher, serverClock)
    const session = createRequestSession({
      strategy,
      cookie: createChunkedCookie({ received: cookies, cookieName: COOKIE, attributes }, clock, emit),
      touch: { idleTimeoutSeconds, isGrantAlive: grantCheck.isAlive },
      clock,
      emit,
      keepAlive,
    })
    return bindSession(session, {
      insecureHosts: [],
      refresher,
      grantCheck,
      clock,
      serverClock,
      registration: REGISTRATION,
      // No token source is used here.
      sources: undefined as never,
      lifetimes: { idleTimeoutSeconds, absoluteTimeoutSeconds: ABSOLUTE_SECONDS },
      origin: undefined,
      basePath: '',
      emit,
      servers,
    })
  }

  async function obtain(bound: BoundSession, call: Call): Promise<void> {
    const { signal } = leaving(call.visit.abortMs, clock)
    const result = await bound.getToken({ ...wantedBy(call), signal })
    if (result.kind === 'token') call.token = result.token.value
    else call.signIn = result.code
  }

  async function perform(bound: BoundSession, call: Call): Promise<void> {
    const { act } = call.visit
    const { session } = bound
    if (act === 'logout') await endSession('signed_out', { session, servers, revoke: true, emit, clock })
    else if (act === 'revoke') await revokeRefreshToken(session, servers, emit)
    else await obtain(bound, call)
  }

  return {
    open(cookies) {
      const bound = bind(cookies)
      return {
        perform: (call) => perform(bound, call),
        async finish() {
          await bound.session.finishRequest()
          return bound.session.takeCookies()
        },
      }
    },
  }
}
