import { createShiftableClock, type ShiftableClock } from '@evertoken/testkit'
import { type Application, type ApplicationOptions, openListener, startApplication } from './application.ts'
import { createTab, type Tab } from './browser.ts'
import { type Provider, type ProviderOptions, startProvider } from './provider.ts'
import { problemsOf } from './request-checks.ts'
import { Failure } from './verdict.ts'

/** One provider, one application and one browser. */
export interface World {
  readonly provider: Provider
  readonly application: Application
  readonly tab: Tab
  /** The URL of the application. */
  readonly baseUrl: string
  readonly clock: ShiftableClock
  /** Adds a remark to a result that passes. */
  remark(text: string): void
}

export interface WorldOptions {
  readonly provider: ProviderOptions
  readonly application: ApplicationOptions
}

/** Form posts come from another site, and their cookie needs https. A proxy on this machine ends TLS. */
const PUBLIC_URL = 'https://app.example.com'

/**
 * Runs a scenario in its own world, and then checks every request of the client.
 *
 * @throws {Failure} If the client fails the scenario or a check.
 */
export async function inWorld(
  { provider: deviations, application: options }: WorldOptions,
  remark: World['remark'],
  scenario: (world: World) => Promise<void>,
): Promise<void> {
  const clock = createShiftableClock()
  const listener = await openListener()
  const { server: socket, address } = listener
  const { responseMode = 'query' } = options
  const baseUrl = responseMode === 'form_post' ? PUBLIC_URL : address
  const provider = await startProvider(deviations, { baseUrl, address }, clock)
  const { issuer } = provider.server
  try {
    const application = startApplication(listener, { issuer, baseUrl, clock }, options)
    const tab = createTab({ baseUrl, address, providerUrl: () => issuer })
    await scenario({ provider, application, tab, baseUrl, clock, remark })
    // Requests in the background count too. Without them, no bad answer could have a late effect.
    await application.finish()
    const registration = { redirectUri: `${baseUrl}/auth/callback`, responseMode }
    const [problem] = problemsOf(provider.server, registration)
    if (problem !== undefined) throw new Failure(problem)
  } finally {
    await provider.close()
    socket.closeAllConnections()
    await new Promise((resolve) => socket.close(resolve))
  }
}
