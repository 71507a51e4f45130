import {
  createDurableObjectStore,
  evertoken,
  type EvertokenEvent,
  type SessionsNamespace,
  type WorkerContext,
} from '../../src/index.ts'

export { EvertokenSessions } from '../../src/index.ts'

interface Env {
  readonly ISSUER: string
  readonly SESSION_SECRET: string
  readonly SESSIONS: SessionsNamespace
  readonly requestId?: string
}

const events: EvertokenEvent[] = []
let computed = 0

const auth = evertoken((env: Env) => {
  computed += 1
  return {
    issuer: env.ISSUER,
    clientId: 'web',
    clientSecret: 'web-secret-for-tests-only',
    encryptionSecret: env.SESSION_SECRET,
    store: createDurableObjectStore(env.SESSIONS),
    onEvent: (event: EvertokenEvent) => void events.push(event),
  }
})
const handle = auth.handler(() => Response.json({ computed, events }))

/** Frameworks copy `env`, and some add a value of the request. */
export default {
  fetch(request: Request, env: Env, ctx: WorkerContext): Promise<Response> {
    const isChanged = new URL(request.url).searchParams.has('changed')
    return handle(request, isChanged ? { ...env, requestId: crypto.randomUUID() } : { ...env }, ctx)
  },
}
