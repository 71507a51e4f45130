import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EvertokenEvent } from '@evertoken/core'
import { connectWithDeviceCode, type UserCode } from '@evertoken/core/device'
import { createConnections } from '@evertoken/node/connections'
import { createFileStore, loadSecretFile } from '@evertoken/node/file-store'
import { connectInBrowser } from '@evertoken/node/loopback'
import { expect, it, onTestFinished } from 'vitest'
import { createUserAgent, type Page } from '../../examples/node-app/src/user-agent.ts'
import { CLIENT_ID, startOidcProvider } from './oidc-provider.ts'

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code'

/** Waits of the device grant are short, and time limits are not. */
const clock = {
  now: () => Date.now() / 1000,
  elapsed: () => performance.now(),
  sleep: (ms: number, signal?: AbortSignal) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms <= 20_000 ? ms / 100 : ms)
      signal?.addEventListener('abort', () => (clearTimeout(timer), resolve()))
    }),
}

/** Command-line tools of one user at a real server, with a public client. */
async function start(deviceCodeSeconds = 600) {
  const server = await startOidcProvider(
    {
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token', DEVICE_CODE],
      redirect_uris: ['http://127.0.0.1/callback/orders'],
    },
    () => ({
      ttl: {
        AccessToken: 600,
        DeviceCode: deviceCodeSeconds,
        Grant: 600,
        IdToken: 600,
        Interaction: 600,
        RefreshToken: 600,
        Session: 600,
      },
      features: { deviceFlow: { enabled: true } },
    }),
  )
  const folder = await mkdtemp(join(tmpdir(), 'evertoken-native-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const events: EvertokenEvent[] = []
  const startProcess = async () =>
    createConnections({
      encryptionSecret: await loadSecretFile({ path: join(folder, 'secret') }),
      store: createFileStore({ path: join(folder, 'tokens.json') }),
      providers: {
        orders: {
          issuer: server.issuer,
          clientId: CLIENT_ID,
          clientAuthentication: 'none',
          scope: 'openid offline_access',
        },
      },
      serverTimeoutSeconds: 60,
      storeTimeoutSeconds: 60,
      clock,
      onEvent: (event) => void events.push(event),
    }).get('me', 'orders')
  return { ...server, startProcess, events }
}

const openBrowser = (url: string) => createUserAgent().visit(url)

/** Signs in, and returns a function that follows the redirect to loopback. */
async function signIn(url: string): Promise<() => Promise<Page>> {
  const browser = createUserAgent()
  let here = url
  while (!here.includes('/callback/orders?')) {
    const response = await browser.send(here)
    here = new URL(response.headers.get('location') ?? '', here).href
  }
  return () => browser.visit(here)
}

/** Enters the code, and decides. */
async function decide({ verificationUriComplete = '' }: UserCode, button = 'confirm'): Promise<Page> {
  const browser = createUserAgent()
  const post = (page: Page, more: object) => {
    const fields = [...page.html.matchAll(/<input[^>]* name="(\w+)" value="([^"]*)"/g)]
    const values = fields.map(([, name = '', value = '']) => [name, value] as const)
    const body = new URLSearchParams({ ...Object.fromEntries(values), ...more })
    return browser.visit(page.url.split('?', 1)[0] ?? '', { method: 'POST', body })
  }
  const confirmation = await post(await browser.visit(verificationUriComplete), {})
  return post(confirmation, { [button]: 'yes' })
}

it('connects through a loopback redirect with a free port, and refreshes', async () => {
  const { startProcess, visitor, forms } = await start()
  const orders = await startProcess()
  visitor.isDeclining = true
  await expect(connectInBrowser(orders, { open: openBrowser })).rejects.toMatchObject({
    code: 'access_denied',
  })
  visitor.isDeclining = false
  await connectInBrowser(orders, { open: openBrowser })
  expect(await orders.getState()).toMatchObject({ state: 'active', claims: { sub: 'alice' } })
  // Another process reads the same file.
  const other = await startProcess()
  const first = await other.getAccessToken()
  const second = await orders.getAccessToken({ forceRefresh: true })
  expect(second?.value).not.toBe(first?.value)
  expect((await other.getAccessToken())?.value).toBe(second?.value)
  expect(forms.at(-1)?.get('grant_type')).toBe('refresh_token')

  visitor.sub = 'bob'
  await expect(connectInBrowser(orders, { open: openBrowser })).rejects.toMatchObject({
    code: 'account_mismatch',
  })
  expect((await orders.getAccessToken())?.value).toBe(second?.value)
  expect(await orders.disconnect()).toBe('revoked')
})

it('connects with a device code while the user enters it', async () => {
  const { startProcess, forms } = await start()
  const orders = await startProcess()
  let entered: Promise<Page> | undefined
  await connectWithDeviceCode(orders, { onUserCode: (code) => void (entered = decide(code)) })
  expect((await entered)?.html).toContain('Sign-in Success')
  expect(await orders.getState()).toMatchObject({ state: 'active', claims: { sub: 'alice' } })
  expect(forms.every((form) => form.get('grant_type') === DEVICE_CODE)).toBe(true)
  expect((await orders.getAccessToken({ forceRefresh: true }))?.value).toBeDefined()
})

it('stores nothing if the user declines or ends the program', async () => {
  const { startProcess, events } = await start()
  const orders = await startProcess()
  const declined = connectWithDeviceCode(orders, {
    onUserCode: async (code) => void (await decide(code, 'abort')),
  })
  await expect(declined).rejects.toMatchObject({ code: 'access_denied' })
  const abort = new AbortController()
  const aborted = connectWithDeviceCode(orders, {
    onUserCode: () => abort.abort(new Error('Ctrl+C')),
    signal: abort.signal,
  })
  await expect(aborted).rejects.toThrow('Ctrl+C')
  expect(await orders.getState()).toEqual({ state: 'not_connected' })
  expect(events.map((event) => 'code' in event && event.code)).toEqual(['access_denied'])
})

it('stores nothing if the code expires first', async () => {
  const { startProcess } = await start(1)
  const orders = await startProcess()
  const late = connectWithDeviceCode(orders, { onUserCode() {} })
  await expect(late).rejects.toMatchObject({ code: 'authorization_expired' })
  expect(await orders.getState()).toEqual({ state: 'not_connected' })
})

it('lets two processes connect the same account at the same time', async () => {
  const { startProcess, visitor } = await start()
  const [first, second] = [await startProcess(), await startProcess()]
  await Promise.all([
    connectInBrowser(first, { open: openBrowser }),
    connectWithDeviceCode(second, { onUserCode: async (code) => void (await decide(code)) }),
  ])
  for (const each of [first, second])
    expect(await each.getState()).toMatchObject({ state: 'active', claims: { sub: 'alice' } })
  const tokens = await Promise.all([first, second].map((each) => each.getAccessToken({ forceRefresh: true })))
  expect(tokens.every((token) => token !== undefined)).toBe(true)

  // Of two accounts, the first one is kept. The users sign in one after the other, and both responses arrive then.
  await first.disconnect()
  const accounts = ['alice', 'bob']
  const callbacks: (() => Promise<Page>)[] = []
  let last: Promise<unknown> = Promise.resolve()
  const open = async (url: string) => {
    last = last.then(async () => {
      visitor.sub = accounts.shift() ?? ''
      return callbacks.push(await signIn(url))
    })
    await last
    if (callbacks.length === 2) await Promise.all(callbacks.map((callback) => callback()))
  }
  const results = await Promise.allSettled([
    connectInBrowser(first, { open }),
    connectInBrowser(second, { open }),
  ])
  expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  const failed = results.find(({ status }) => status === 'rejected') as PromiseRejectedResult
  expect(failed.reason).toMatchObject({ code: 'account_mismatch' })
})
