import { createDenoKvStore, type DenoKv, evertoken } from '@evertoken/deno'
import { sessionStoreContract } from '@evertoken/testkit'
import { createApp } from '../app.ts'
import { createControls, type HostConfig, toOptions } from '../config.ts'

declare const Deno: {
  readonly args: readonly string[]
  openKv(path?: string): Promise<DenoKv>
  serve(
    options: { port: number; hostname: string; onListen(address: { port: number }): void },
    handler: (request: Request) => Promise<Response>,
  ): unknown
}

const [json = '', file] = Deno.args
const config = JSON.parse(json) as HostConfig
const controls = createControls()
const [kv, other] = [await Deno.openKv(file), await Deno.openKv(file)]
const auth = evertoken(toOptions(config, controls, createDenoKvStore(kv, { clock: controls.clock })))
const contract = () =>
  sessionStoreContract(() => createDenoKvStore(kv), {
    secondStore: () => createDenoKvStore(other),
    largestRecord: 65_000,
    storeWithClock: (clock) => createDenoKvStore(kv, { clock }),
  })
const app = createApp({ auth, bind: () => auth, api: config.api, controls, contract })

const onListen = ({ port }: { port: number }) => console.log(`listening on http://127.0.0.1:${port}`)
Deno.serve(
  { port: 0, hostname: '127.0.0.1', onListen },
  auth.handler((request) => app(request)),
)
