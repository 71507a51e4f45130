import { evertoken, type EvertokenEvent, type EvertokenOptions } from '@evertoken/node'
import { fapi2 } from '@evertoken/core/fapi'
import { createMtlsFetch } from '@evertoken/node/mtls'
import { createShiftableClock, type ShiftableClock } from '@evertoken/testkit'
import { type Application, type Listener, openListener } from '../application.ts'
import { createTab, type Tab } from '../browser.ts'
import { Failure } from '../verdict.ts'
import { CLIENT_CERTIFICATE, SERVER_CERTIFICATE } from './certificates.ts'
import type { Deviations } from './deviations.ts'
import { CLIENT_KEY, CLIENT_KEY_ID } from './keys.ts'
import { type FapiProvider, startFapiProvider } from './provider.ts'
import { CLIENT_ID, scopeOf, type Variant } from './variant.ts'

/** The page that calls the resource with the token fetch, and shows the status of its response. */
export const ACCOUNTS_PAGE = '/call-accounts'

/** One FAPI provider, one application and one browser. */
export interface FapiWorld {
  readonly provider: FapiProvider
  readonly application: Application
  readonly tab: Tab
  readonly clock: ShiftableClock
}

const { publicKey: _, privateKey } = CLIENT_KEY
const signingKey = await crypto.subtle.importKey(
  'pkcs8',
  new Uint8Array(privateKey.export({ type: 'pkcs8', format: 'der' })),
  { name: 'RSA-PSS', hash: 'SHA-256' },
  false,
  ['sign'],
)

/**
 * Runs a scenario in its own world, and then looks at what the provider has found in the requests of the client.
 *
 * @throws {Failure} If the client fails the scenario or a check.
 */
export async function inFapiWorld(
  variant: Variant,
  deviations: Deviations,
  remark: (text: string) => void,
  scenario: (world: FapiWorld) => Promise<void>,
): Promise<void> {
  const clock = createShiftableClock()
  const listener = await openListener()
  const { server: socket, address } = listener
  const registered = { redirectUri: `${address}/auth/callback`, remark }
  const provider = await startFapiProvider({ variant, deviations }, registered, clock)
  try {
    const application = startBankApplication(listener, provider, variant, clock)
    const tab = createTab({ baseUrl: address, address, providerUrl: () => provider.issuer })
    await scenario({ provider, application, tab, clock })
    await application.finish()
    const [problem] = provider.problems
    if (problem !== undefined) throw new Failure(problem)
  } finally {
    await provider.close()
    socket.closeAllConnections()
    await new Promise((resolve) => socket.close(resolve))
  }
}

/** Starts an application with the profile. */
function startBankApplication(
  { server, address }: Listener,
  { issuer, accountsUrl }: FapiProvider,
  variant: Variant,
  clock: ShiftableClock,
): Application {
  const { senderConstraint, messageSigning } = variant
  const events: EvertokenEvent[] = []
  const presenting =
    senderConstraint === 'mtls' &&
    ({ fetch: createMtlsFetch({ ...CLIENT_CERTIFICATE, ca: SERVER_CERTIFICATE.cert }) } as const)
  const key = { key: signingKey, keyId: CLIENT_KEY_ID, algorithm: 'PS256' } as const
  const options: EvertokenOptions = {
    issuer,
    clientId: CLIENT_ID,
    encryptionSecret: 'a secret of the application with 32 characters and more',
    baseUrl: address,
    clock,
    session: 'server',
    scope: scopeOf(variant),
    profile: fapi2({ key: () => key, senderConstraint, messageSigning }),
    onEvent: (event) => void events.push(event),
    ...presenting,
  }
  const auth = evertoken(options)
  const accounts = auth.createTokenFetch({ baseUrl: accountsUrl, ...presenting })
  server.on(
    'request',
    auth.listener(async (request) => {
      if (new URL(request.url).pathname !== ACCOUNTS_PAGE) return new Response('A page of the application')
      const { status } = await accounts('')
      return new Response(null, { status })
    }),
  )
  return { events, finish: () => auth.drain({ timeoutSeconds: 10 }) }
}
