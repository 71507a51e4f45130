import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createMemoryStore, evertoken } from '@evertoken/node'
import { sessionStoreContract } from '@evertoken/testkit'
import { createApp } from '../app.ts'
import { createControls, type HostConfig, toOptions } from '../config.ts'

const config = JSON.parse(process.argv[2] ?? '') as HostConfig
const controls = createControls()
const store = createMemoryStore({ clock: controls.clock })
const auth = evertoken(toOptions(config, controls, store))
const contract = () => sessionStoreContract(() => createMemoryStore())
const app = createApp({ auth, bind: () => auth, api: config.api, controls, contract })

const server = createServer(auth.listener((request) => app(request))).listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
})
