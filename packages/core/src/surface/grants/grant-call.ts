import { signInRequired } from '../../handlers/problem.ts'
import { createCredential } from '../../mechanisms/calls/bearer-credential.ts'
import type { UserClaims } from '../../model/token-grant.ts'
import { tokenKey, type TokenParameters } from '../../model/token-parameters.ts'
import type { Snapshot } from '../../ports/session-handle.ts'
import type { AccessToken } from '../../vocabulary/index.ts'
import { accessTokenOf } from '../access-tokens.ts'
import { invalid } from '../checks.ts'
import type { SourceCall, SourceContext, SourceUser } from '../token-source.ts'

/** The user and the request for whom a function of the application gets a token. */
export interface GrantContext {
  /** The claims of the session. Empty in a service without users. */
  readonly claims: UserClaims
  /** Resolves to a token of the user, or to `undefined` if the user must sign in. */
  getUserAccessToken(request?: TokenParameters): Promise<AccessToken | undefined>
  /** Aborted when the result is no longer needed. */
  readonly signal: AbortSignal
}

/** One call for a token of a grant. */
export interface GrantCall {
  readonly application: SourceContext
  /** The session of the user. `undefined` in a service without users. */
  readonly session: Snapshot | undefined
  readonly context: GrantContext
  /** Returns the context for work that other callers can join, and which continues if the first one leaves. */
  contextFor(signal: AbortSignal): GrantContext
  readonly keepAlive: SourceCall['keepAlive']
  /** @throws {SignInRequiredError} If the user must sign in. */
  userToken(request: TokenParameters): Promise<string>
  /**
   * Refreshes the tokens of the user. Returns the session after that.
   *
   * @throws {SignInRequiredError} If the user must sign in.
   */
  refresh(): Promise<Snapshot>
  /** Runs a function of the application. In it, a call for a token of another grant for this session throws. */
  runFunction<T>(work: () => T | Promise<T>): Promise<T>
}

/** @param user - Absent in a service without users. */
export function createCall(
  application: SourceContext,
  { signal = new AbortController().signal, keepAlive }: SourceCall,
  user?: SourceUser,
  session?: Snapshot,
): GrantCall {
  async function obtain(demand: Parameters<SourceUser['getToken']>[0]) {
    if (!user) throw invalid('subject', 'is missing. This service has no users, so set it to a function')
    const result = await user.getToken(demand)
    if (result.kind === 'sign_in') throw signInRequired(result.code, result.isRevoked)
    return result
  }

  const contextFor = (until: AbortSignal): GrantContext => ({
    claims: session?.record.claims ?? {},
    signal: until,
    async getUserAccessToken(parameters = {}) {
      const demand = { key: tokenKey(parameters), request: parameters, signal: until }
      const result = await user?.getToken(demand)
      if (result?.kind !== 'token') return undefined
      const { token, snapshot } = result
      const { proofKey } = snapshot.record.ledger
      const credential = createCredential(token, proofKey, application.connection.binding)
      return accessTokenOf(token, application.serverClock.read(), credential)
    },
  })

  return {
    application,
    session,
    keepAlive,
    context: contextFor(signal),
    contextFor,
    // Other callers can wait for these, so they continue if the first caller leaves.
    userToken: async (request) => (await obtain({ key: tokenKey(request), request })).token.value,
    refresh: async () => (await obtain({ key: '', request: {}, forceRefresh: true })).snapshot,
    async runFunction(work) {
      const { requestContext } = application
      if (!user || !session || !requestContext) return work()
      let functionOf: string | undefined = session.record.id
      try {
        return await requestContext.run({ ...user, functionOf: () => functionOf }, work)
      } finally {
        // Work that the function has started and not awaited keeps the async context.
        functionOf = undefined
      }
    },
  }
}
