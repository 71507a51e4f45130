import {
  authorizationExpired,
  type ConnectClient,
  notUsable,
} from '../../handlers/connections/connect-context.ts'
import { authorizeConnection, redeemConnection } from '../../handlers/connections/connection-grant.ts'
import { createLoopbackBrowser } from '../../handlers/connections/loopback-browser.ts'
import { createLoopbackHandler } from '../../handlers/connections/loopback-handler.ts'
import { randomId } from '../../mechanisms/runtime/digest.ts'
import { onAbort } from '../../mechanisms/runtime/on-abort.ts'
import type { SignInGrant } from '../../ports/authorization-server.ts'
import { isLoopback, parseUrl } from '../../rules/calls/allowed-urls.ts'
import type { EvertokenError } from '../../vocabulary/index.ts'
import { abortSignal, type Checked, checkAll, must, type OptionTable, REQUIRED } from '../checks.ts'
import { TOKEN_PARAMETERS } from '../token-parameter-checks.ts'
import { createConnectProvider } from './connect-provider.ts'
import { splitName } from './connection-names.ts'
import { type ConnectableConnection, connectionPartsOf } from './connection-parts.ts'

/** Options of `connectOnLoopback`. */
export interface LoopbackOptions {
  /** The URL on loopback where a server of this process passes requests to `receive`, with its port. */
  readonly redirectUri: string
  /** Further scope, in addition to that of the provider and that already granted. Values are separated by spaces. */
  readonly scope?: string
  /** Ends the attempt, unless the grant is being stored. Nothing is stored after that. */
  readonly signal?: AbortSignal
  /**
   * How long the user can take, in seconds.
   *
   * @default 300
   */
  readonly timeoutSeconds?: number
}

/** An attempt to connect, whose code only this process can redeem, and which only one browser can finish. */
export interface LoopbackAttempt {
  /** The URL that the user opens in a browser of this machine. It is below the redirect URI, and works in one browser. */
  readonly url: string
  /** Handles a GET or POST request to `url` or to the redirect URI. Returns the response for the browser. */
  receive(request: Request): Promise<Response>
  /** Resolves when the grant is stored. Rejects if the attempt has failed, as `connectInBrowser` describes. */
  readonly finished: Promise<void>
}

type LoopbackValues = Checked<LoopbackOptions, 'scope' | 'signal'>

const OPTIONS: OptionTable<LoopbackValues> = {
  redirectUri: [must('be an http URL on loopback', isLoopbackUrl), REQUIRED],
  scope: TOKEN_PARAMETERS.scope,
  signal: [abortSignal],
  timeoutSeconds: [
    must('be a number above 0', (seconds: number) => typeof seconds === 'number' && seconds > 0),
    300,
  ],
}

/**
 * Starts to connect an account with a redirect to this machine. Adapters call it. Applications call `connectInBrowser` of
 * `@evertoken/node/loopback`.
 *
 * The PKCE verifier is only in the memory of this process, so no other process can redeem the code. `url` sets a cookie and redirects
 * to the authorization server. Only the browser with this cookie can finish. If a second browser opens `url`, the attempt ends.
 *
 * @param connection - The result of `connections.get()`.
 * @param options - The redirect URI, and when the attempt ends.
 * @returns The URL to open, and a function that handles the redirect.
 * @throws {ConfigurationError} If an option is invalid, or the server cannot be used.
 * @throws {TryLaterError} If the server is not available.
 * @example
 *   const redirectUri = 'http://127.0.0.1:8085/callback/google'
 *   const attempt = await connectOnLoopback(connection, { redirectUri })
 *   console.log(`Open ${attempt.url}`)
 *   await attempt.finished
 * @see {@link https://www.rfc-editor.org/rfc/rfc8252#section-7.3 RFC 8252, section 7.3: Loopback Interface Redirection}
 * @see {@link https://www.rfc-editor.org/rfc/rfc8252#section-8.9 RFC 8252, section 8.9: Cross-App Request Forgery Protections}
 */
export async function connectOnLoopback(
  connection: ConnectableConnection,
  options: LoopbackOptions,
): Promise<LoopbackAttempt> {
  const { redirectUri, scope, signal, timeoutSeconds } = checkAll<LoopbackValues>(OPTIONS, options)
  const { application, keepAlive } = connectionPartsOf(connection)
  const { clock, emit, work, connectSeal } = application.host
  const { owner, name } = connection
  const provider = createConnectProvider(application, splitName(name).provider, redirectUri, keepAlive)
  const { findClient, reportFailure } = provider
  const begin = async () => ({
    secrets: { state: randomId(), nonce: randomId(), codeVerifier: randomId() },
  })
  signal?.throwIfAborted()
  const request = await authorizeConnection({ redirectUri, findClient }, { owner, name }, scope, begin).catch(
    (error: unknown) => {
      throw reportFailure(error)
    },
  )
  // The listener below would miss it.
  signal?.throwIfAborted()
  const { promise: finished, resolve, reject } = withResolvers()
  const ended = new AbortController()
  let redeemed: Promise<EvertokenError | undefined> | undefined
  /** Then only the store decides. Otherwise, an attempt that was reported as failed could have stored the grant. */
  let isStoring = false

  const end = (error?: unknown): void => {
    if (error === undefined) resolve()
    else reject(error)
    ended.abort(error)
  }

  // The caller redeems once.
  const isFirst = () => Promise.resolve(true)

  async function redeem(received: URLSearchParams): Promise<EvertokenError | undefined> {
    try {
      ended.signal.throwIfAborted()
      const { transaction, connection: pending } = request
      await work.track(
        redeemConnection(received, transaction, pending, { findClient: findAbortableClient }, isFirst, emit),
      )
      end()
      return undefined
    } catch (error) {
      if (ended.signal.aborted) return notUsable()
      end(error)
      return reportFailure(error)
    }
  }

  /** The attempt can end while the server responds. */
  async function findAbortableClient(...parameters: Parameters<typeof findClient>): Promise<ConnectClient> {
    const client = await findClient(...parameters)
    const store = async (grant: SignInGrant) => {
      ended.signal.throwIfAborted()
      isStoring = true
      return client.store(grant)
    }
    return { ...client, store }
  }

  const stay = signal && onAbort(signal, () => isStoring || end(signal.reason))
  async function expire(): Promise<void> {
    await clock.sleep(timeoutSeconds * 1000, ended.signal)
    if (!ended.signal.aborted && !redeemed) end(reportFailure(authorizationExpired()))
  }

  void expire()
  finished.finally(() => stay?.()).catch(() => undefined)

  const browser = createLoopbackBrowser(redirectUri, timeoutSeconds)
  const receive = createLoopbackHandler(browser, name, {
    redirectUri,
    authorizationUrl: request.url.href,
    state: request.transaction.state,
    seal: connectSeal,
    isEnded: () => isStoring || ended.signal.aborted,
    // A user who reloads the page sends the same code again.
    redeem: (received) => (redeemed ??= redeem(received)),
    refuse: (error) => end(reportFailure(error)),
  })
  return { url: browser.url, finished, receive }
}

function isLoopbackUrl(value: unknown): boolean {
  const url = typeof value === 'string' ? parseUrl(value) : undefined
  return url?.protocol === 'http:' && isLoopback(url.hostname) && !url.search && !url.hash
}

/** Node 20 has no `Promise.withResolvers`. */
function withResolvers() {
  let resolve!: () => void
  let reject!: (error: unknown) => void
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}
