import { signInRequired } from '../../handlers/problem.ts'
import { createCredential } from '../../mechanisms/calls/bearer-credential.ts'
import { asGranted } from '../../mechanisms/client-tokens/client-tokens.ts'
import { createOtherTokens, type OtherSnapshot, otherTokensOf } from '../../mechanisms/grants/other-tokens.ts'
import type { TokenResult } from '../../mechanisms/refresh/attempt.ts'
import type { Connection } from '../../mechanisms/protocol/connection.ts'
import { createRefresher } from '../../mechanisms/refresh/refresher.ts'
import { bindingMissing } from '../../mechanisms/refresh/refreshers.ts'
import { toTokenResult } from '../../mechanisms/refresh/token-result.ts'
import type { ProofKey } from '../../model/proof-key.ts'
import type { StoredToken } from '../../model/stored-tokens.ts'
import { tokenKey, type TokenParameters } from '../../model/token-parameters.ts'
import type { Acquisition } from '../../ports/acquisition.ts'
import type { RefreshResult } from '../../ports/authorization-server.ts'
import type { SessionHandle, Snapshot } from '../../ports/session-handle.ts'
import { grantError } from '../../rules/protocol/grant-response.ts'
import { decide } from '../../rules/refresh/decide.ts'
import { accessTokenOf } from '../access-tokens.ts'
import { unlessAborted } from '../bound-session.ts'
import { invalid } from '../checks.ts'
import { createCall, type GrantCall } from './grant-call.ts'
import {
  createTokenSource,
  type SourceCall,
  type SourceContext,
  type SourceUser,
  type TokenSource,
} from '../token-source.ts'

/**
 * Sends one token request. Never throws.
 *
 * @param knownKey - The key to bind the token to: that of the session, or of the previous token.
 */
type Acquire = (knownKey: ProofKey | undefined) => Promise<RefreshResult>

/** The request for one token. */
export interface GrantPlan {
  readonly parameters: TokenParameters
  /** Distinguishes this request from others with the same grant and parameters. */
  readonly identity: readonly unknown[]
  /**
   * Gets the tokens that the request contains. It runs before a flight is joined, because the refresh of the user's token can be
   * a flight too.
   */
  prepare(): Promise<Acquire>
}

/** How a grant differs from others. */
export interface GrantKind {
  readonly grant: string
  /** Whether the token comes from the authorization server of the application, and not from a function. */
  readonly usesServer: boolean
  /** Returns the connection that the token comes from. Default: that of the application. */
  readonly connectionOf?: (application: SourceContext) => Connection
  plan(call: GrantCall): Promise<GrantPlan>
}

/** A request that carries its own function through the refresher. */
type GrantRequest = TokenParameters & { readonly acquire: Acquire }

/**
 * A function of the application uses no place in the line: it could itself wait for one. Another server must not delay the
 * refreshes of the application if it is overloaded.
 */
const NO_LINE = {
  enter: () => ({ succeeded() {}, overloaded() {}, leave() {} }),
  retryAfterSeconds: () => 1,
}

export function createGrantSource(kind: GrantKind): TokenSource {
  const connected = new WeakMap<SourceContext, (call: SourceCall) => Promise<StoredToken>>()
  return createTokenSource(kind.grant, (application) => {
    let getToken = connected.get(application)
    if (!getToken) connected.set(application, (getToken = connect(kind, application)))
    return async (call) => {
      call.signal?.throwIfAborted()
      const work = getToken(call)
      const token = await (call.signal ? unlessAborted(work, call.signal) : work)
      const { binding } = kind.connectionOf?.(application) ?? application.connection
      if (token.proofKey && !binding) throw bindingMissing()
      const credential = createCredential(token, undefined, binding)
      return accessTokenOf(token, application.serverClock.read(), credential)
    }
  })
}

function connect(
  { grant, usesServer, connectionOf, plan }: GrantKind,
  context: SourceContext,
): (call: SourceCall) => Promise<StoredToken> {
  const { server, refreshBeforeExpirySeconds, emit, createTokens } = context
  const acquisition: Acquisition = {
    policy: {
      consumes: 'nothing',
      refreshBeforeExpirySeconds,
      serveDuringRefresh: true,
      pausesOnlyKey: true,
      errorOf: grantError,
    },
    ready: (keepAlive) => (usesServer ? server.ready(keepAlive) : Promise.resolve()),
    acquire: ({ ledger }, request) => (request as GrantRequest).acquire(ledger.tokens['']?.proofKey),
    isResponding: () => server.isResponding(),
  }
  const usesLine = usesServer && !connectionOf
  const application = usesLine ? context : { ...context, line: NO_LINE }
  const tokens = createTokens?.(grant, acquisition, application.line)
  const refresher = createRefresher({ ...application, acquisition, emit: asGranted(emit, grant) })

  const keyOf = ({ parameters, identity }: GrantPlan) =>
    `${tokenKey(parameters) || '\n'}${JSON.stringify([grant, ...identity])}`

  return async (call) => {
    if (!tokens) return tokenOfSession(call)
    const { keepAlive = context.keepAlive, ...demand } = call
    const planned = await plan(createCall(context, call))
    const parameters: GrantRequest = { ...planned.parameters, acquire: await planned.prepare() }
    return tokens.token({ ...demand, key: keyOf(planned), parameters, keepAlive })
  }

  async function tokenOfSession(call: SourceCall): Promise<StoredToken> {
    if (!call.find) throw invalid('client', 'must be `clientCredentials()`')
    const bound = call.find()
    const handle = await bound.session.find()
    const seen = await readSession(bound, handle)
    const planned = await plan(createCall(context, call, bound, seen))
    const wanted = { ...call, key: keyOf(planned) }
    const time = context.serverClock.read()
    const next = decide(otherTokensOf(seen).record, wanted, time, acquisition.policy)
    const isDue = next.do === 'refresh' || next.do === 'wait' || call.forceRefresh
    // The refresher asks for the time first if it is not known.
    const isUnsure = next.do === 'serve' && (time.server === undefined || time.isUncertain)
    if (isDue || isUnsure) return renew()
    // A token that works needs no token of the user.
    if (next.do === 'serve' && next.refresh) bound.session.keepAlive(renew().catch(() => undefined))
    return tokenFrom(bound, toTokenResult(acquisition.policy, next, otherTokensOf(seen)))

    async function renew(): Promise<StoredToken> {
      const acquire = await planned.prepare()
      const newest = otherTokensOf(await readSession(bound, handle))
      const { keepAlive, startedInBackground } = bound.session
      const { proofKey } = newest.session.record.ledger
      const request: GrantRequest = {
        ...planned.parameters,
        acquire: (knownKey) => acquire(knownKey ?? proofKey),
      }
      const background = (work: Promise<TokenResult<OtherSnapshot>>) =>
        startedInBackground(work.then(asSessionResult))
      const tokensOfUser = createOtherTokens(handle as SessionHandle, context.serverClock)
      const found = await refresher.token(tokensOfUser, newest, { ...wanted, request, keepAlive, background })
      return tokenFrom(bound, found)
    }
  }
}

async function readSession({ session }: SourceUser, handle: SessionHandle | undefined): Promise<Snapshot> {
  const seen = handle?.readNow?.() ?? (await handle?.read())
  if (seen) return seen
  throw signInRequired(session.hadSession() ? 'session_ended' : 'no_session')
}

function tokenFrom({ session }: SourceUser, result: TokenResult<OtherSnapshot> | undefined): StoredToken {
  if (result?.kind !== 'token') throw signInRequired(result?.code ?? 'session_ended')
  session.observe(result.snapshot.session)
  return result.token
}

function asSessionResult(result: TokenResult<OtherSnapshot>): TokenResult<Snapshot> {
  return result.kind === 'token' ? { ...result, snapshot: result.snapshot.session } : result
}
