import { withDeadline } from '../../mechanisms/runtime/deadline.ts'
import { redact } from '../../mechanisms/runtime/redact.ts'
import type { RefreshResult } from '../../ports/authorization-server.ts'
import {
  DEFAULT_LIFETIME_SECONDS,
  readTokenResponse,
  type TokenResponseRules,
} from '../../rules/protocol/token-response.ts'
import { ConfigurationError } from '../../vocabulary/index.ts'
import { invalid } from '../checks.ts'
import type { TokenSource } from '../token-source.ts'
import type { GrantCall, GrantContext } from './grant-call.ts'
import { createGrantSource } from './grant-source.ts'

/** A token response as a function of the application returns it (RFC 6749 §5.1). */
export interface CustomTokenResponse {
  /** The token. */
  readonly access_token: string
  /** How the token is sent. Default: `Bearer`. */
  readonly token_type?: string | undefined
  /** The lifetime in seconds. */
  readonly expires_in?: number | undefined
  /** The scope of the token, separated by spaces. */
  readonly scope?: string | undefined
  /** Other members are ignored. */
  readonly [member: string]: unknown
}

/**
 * Gets a token with a function of the application, for an API whose grant no other function supports.
 *
 * Evertoken keeps the token, repeats the function when it is due, and calls it once for all callers. The function must not ask
 * for tokens of other grants, because the tokens of a session are requested one after the other. Such a call throws
 * `invalid_option`, on runtimes with an async context.
 *
 * @param key - The name of the token among those of a session. It must select everything that the function depends on.
 * @param acquire - Returns a token response, or `undefined` if the user must sign in. If it throws, it is tried again.
 * @returns A value for `token`, as `tokenExchange` returns it.
 * @throws {ConfigurationError} If an argument is invalid.
 * @example
 *   const legacy = customToken('legacy', async ({ claims, signal }) => {
 *     const response = await fetch(`https://legacy.example.com/tokens/${claims.sub}`, { method: 'POST', signal })
 *     return await response.json()
 *   })
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-5.1 RFC 6749, section 5.1: Successful Response}
 */
export function customToken(
  key: string,
  acquire: (context: GrantContext) => Promise<CustomTokenResponse | undefined>,
): TokenSource {
  if (typeof key !== 'string' || key === '') throw invalid('key', 'must be a text that is not empty')
  if (typeof acquire !== 'function') throw invalid('acquire', 'must be a function')
  return createGrantSource({
    grant: 'custom',
    usesServer: false,
    plan: async (call) => ({
      parameters: {},
      identity: [key],
      prepare: async () => () => run(acquire, call),
    }),
  })
}

/** The function can get its token anywhere, so the rules of the server of the application do not apply. */
const RULES: TokenResponseRules = {
  defaultTokenLifetimeSeconds: DEFAULT_LIFETIME_SECONDS,
  tokenTypes: [],
}

async function run(
  acquire: Parameters<typeof customToken>[1],
  { application, contextFor, runFunction }: GrantCall,
): Promise<RefreshResult> {
  const { connection, serverTimeoutMs, clock } = application
  const timeOfCall = connection.serverClock.startRequest()
  // The caller that started the work can leave, and others still need the result.
  const work = new AbortController()
  try {
    const running = runFunction(() => acquire(contextFor(work.signal)))
    const overdue = () => new Error('The function is overdue')
    const response = await withDeadline(running, serverTimeoutMs, clock, overdue)
    if (response === undefined)
      return { kind: 'sign_in_required', code: 'login_required', cause: { name: 'customToken' } }
    const { accessToken, unknownType } = readTokenResponse(response, timeOfCall(), RULES) ?? {}
    return { kind: 'refreshed', grant: { accessToken, unknownType } }
  } catch (error) {
    work.abort()
    if (error instanceof ConfigurationError)
      return { kind: 'misconfigured', code: 'grant_refused', cause: redact(error) }
    return { kind: 'not_processed', cause: redact(error) }
  }
}
