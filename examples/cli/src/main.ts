#!/usr/bin/env node
import { isEvertokenError } from '@evertoken/node'
import { connectWithDeviceCode } from '@evertoken/core/device'
import { connectInBrowser } from '@evertoken/node/loopback'
import { account, orders } from './account.ts'
import { openBrowser } from './open-browser.ts'

const USAGE = `Usage: orders <command>

  login            Connect your account in the browser of this machine
  login --device   Connect your account with a code, in any browser
  status           Show the connected account
  list             List the recent orders
  logout           Disconnect your account`

const ABORTED = 130
const abort = new AbortController()
process.once('SIGINT', () => abort.abort())

const COMMANDS: Readonly<Record<string, () => Promise<void>>> = {
  async login() {
    await connectInBrowser(account, { open: openBrowser, signal: abort.signal })
    console.log('Connected.')
  },
  async 'login --device'() {
    await connectWithDeviceCode(account, {
      onUserCode: ({ userCode, verificationUri }) =>
        console.error(`Open ${verificationUri} and enter the code ${userCode}`),
      signal: abort.signal,
    })
    console.log('Connected.')
  },
  async status() {
    const state = await account.getState()
    if (state.state === 'not_connected') return fail('You are not connected. Run `orders login`.')
    console.log(`${state.state}: ${String(state.claims.sub)}`)
  },
  async list() {
    const response = await orders('recent', { signal: abort.signal })
    if (!response.ok) return fail(`The API responded with ${response.status}.`)
    for (const { id, item } of (await response.json()) as Order[]) console.log(`${id}  ${item}`)
  },
  async logout() {
    console.log(`Disconnected: ${await account.disconnect()}`)
  },
}

interface Order {
  readonly id: string
  readonly item: string
}

const name = process.argv.slice(2).join(' ')
const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
if (command) await command().catch(explain)
else fail(USAGE)

/** Shows an error in the words of this tool. */
function explain(error: unknown): void {
  if (abort.signal.aborted) process.exitCode = ABORTED
  else if (!isEvertokenError(error)) throw error
  else if (error.name === 'SignInRequiredError') fail('You are not connected. Run `orders login`.')
  else if (error.code === 'access_denied') fail('You have not allowed the access.')
  else fail(error.message)
}

function fail(text: string): void {
  console.error(text)
  process.exitCode = 1
}
