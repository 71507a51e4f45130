import { createMemoryStore, evertoken } from '@evertoken/node'
import { sessionStoreContract } from '@evertoken/testkit'
import { createApp } from '../app.ts'
import { createControls, type HostConfig, toOptions } from '../config.ts'

declare const Bun: {
  readonly argv: readonly string[]
  serve(options: {
    port: number
    hostname: string
    idleTimeout: number
    fetch(request: Request): Promise<Response>
  }): { readonly port: number }
}

const config = JSON.parse(Bun.argv[2] ?? '') as HostConfig
const controls = createControls()
const store = createMemoryStore({ clock: controls.clock })
const auth = evertoken(toOptions(config, controls, store))
const contract = () => sessionStoreContract(() => createMemoryStore())
const app = createApp({ auth, bind: () => auth, api: config.api, controls, contract })

const { port } = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  idleTimeout: 60,
  fetch: auth.handler((request) => app(request)),
})
console.log(`listening on http://127.0.0.1:${port}`)
