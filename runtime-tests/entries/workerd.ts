import {
  createDurableObjectStore,
  evertoken,
  type SessionsNamespace,
  type WorkerContext,
} from '@evertoken/cloudflare'
import { sessionStoreContract } from '@evertoken/testkit'
import { createApp } from '../app.ts'
import { createControls, type HostConfig, toOptions } from '../config.ts'

export { EvertokenSessions } from '@evertoken/cloudflare'

interface Env {
  readonly CONFIG: string
  readonly SESSIONS: SessionsNamespace
}

const controls = createControls()
const auth = evertoken<Env>(({ CONFIG, SESSIONS }) => ({
  ...toOptions(JSON.parse(CONFIG) as HostConfig, controls),
  store: createDurableObjectStore(SESSIONS),
}))

type App = (request: Request, env: Env, ctx: WorkerContext) => Promise<Response>
let app: App | undefined

function createWorkerApp({ CONFIG, SESSIONS }: Env): App {
  const { api } = JSON.parse(CONFIG) as HostConfig
  const contract = () => sessionStoreContract(() => createDurableObjectStore(SESSIONS))
  return createApp({ auth, bind: auth.bind, api, controls, contract })
}

export default {
  fetch: auth.handler((request, env, ctx: WorkerContext) => {
    app ??= createWorkerApp(env)
    return app(request, env, ctx)
  }),
}
