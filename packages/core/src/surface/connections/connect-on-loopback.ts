import {
  authorizationExpired,
  type ConnectClient,
  connectRefusal,
  notUsable,
} from '../../handlers/connections/connect-context.ts'
import {
  authorizeConnection,
  isResponse,
  redeemConnection,
  stateOf,
} from '../../handlers/connections/connection-grant.ts'
import { createResponse, escapeHtml, page, UNFRAMED } from '../../handlers/responses.ts'
import { readForm } from '../../handlers/routes/form.ts'
import { randomId } from '../../mechanisms/runtime/digest.ts'
import { onAbort } from '../../mechanisms/runtime/on-abort.ts'
import type { SignInGrant } from '../../ports/authorization-server.ts'
import { isLoopback, parseUrl } from '../../rules/calls/allowed-urls.ts'
import { sameText } from '../../rules/same-text.ts'
import { isPrefetch } from '../../rules/browser/same-site.ts'
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
  /** Ends the attempt. Nothing is stored after that. */
  readonly signal?: AbortSignal
  /**
   * How long the user can take, in seconds.
   *
   * @default 300
   */
  readonly timeoutSeconds?: number
}

/** An attempt to connect, whose code only this process can redeem. */
export interface LoopbackAttempt {
  /** The URL that the user opens in a browser. */
  readonly url: string
  /** Handles a GET or POST request to the redirect URI. Returns the page that the user sees. */
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
 * The PKCE verifier is only in the memory of this process, so no other process can redeem the code. `url` contains the `state`.
 * Anyone who sees the URL can sign in with another account and finish the attempt, so show it only to the user.
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
 */
export async function connectOnLoopback(
  connection: ConnectableConnection,
  options: LoopbackOptions,
): Promise<LoopbackAttempt> {
  const { redirectUri, scope, signal, timeoutSeconds } = checkAll<LoopbackValues>(OPTIONS, options)
  const { application, keepAlive } = connectionPartsOf(connection)
  const { clock, emit, work } = application.host
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

  const end = (error?: unknown): void => {
    if (error === undefined) resolve()
    else reject(error)
    ended.abort()
  }

  // The caller redeems once.
  const isFirst = () => Promise.resolve(true)

  async function redeem(received: URLSearchParams): Promise<EvertokenError | undefined> {
    try {
      const { transaction, connection: pending } = request
      await work.track(
        redeemConnection(received, transaction, pending, { findClient: findAbortableClient }, isFirst, emit),
      )
      end()
      return undefined
    } catch (error) {
      end(error)
      return signal?.aborted ? notUsable() : reportFailure(error)
    }
  }

  /** The application can abort while the server responds. */
  async function findAbortableClient(...parameters: Parameters<typeof findClient>): Promise<ConnectClient> {
    const client = await findClient(...parameters)
    const store = async (grant: SignInGrant) => {
      signal?.throwIfAborted()
      return client.store(grant)
    }
    return { ...client, store }
  }

  const stay = signal && onAbort(signal, () => end(signal.reason))
  async function expire(): Promise<void> {
    await clock.sleep(timeoutSeconds * 1000, ended.signal)
    if (!ended.signal.aborted && !redeemed) end(reportFailure(authorizationExpired()))
  }

  void expire()
  finished.finally(() => stay?.()).catch(() => undefined)

  return {
    url: request.url.href,
    finished,
    async receive(incoming) {
      if (isPrefetch(incoming.headers)) return createResponse(503)
      // With `form_post`, the authorization server lets the browser post its response.
      const received = (await readForm(incoming)) ?? new URL(incoming.url).searchParams
      const isExpected = isResponse(received) && sameText(stateOf(received), request.transaction.state)
      // Another page can send requests to loopback too. They do not end the attempt.
      if (!isExpected || (ended.signal.aborted && !redeemed)) return connectRefusal(incoming, notUsable())
      // A user who reloads the page sends the same code again.
      const failure = await (redeemed ??= redeem(received))
      return failure ? connectRefusal(incoming, failure) : connectedPage(name)
    },
  }
}

function connectedPage(name: string): Response {
  const body = `<h1>Connected</h1><p>${escapeHtml(name)} is connected. You can close this window.</p>`
  return page(createResponse(200), 'Connected', UNFRAMED, body)
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
