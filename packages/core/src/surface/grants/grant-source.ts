import { signInRequired } from '../../handlers/problem.ts'
import { createCredential } from '../../mechanisms/calls/bearer-credential.ts'
import { asGranted } from '../../mechanisms/client-tokens/client-tokens.ts'
import { createOtherTokens, type OtherSnapshot, otherTokensOf } from '../../mechanisms/grants/other-tokens.ts'
import type { TokenResult } from '../../mechanisms/refresh/attempt.ts'
import type { Connection } from '../../mechanisms/protocol/connection.ts'
import { createRefresher } from '../../mechanisms/refresh/refresher.ts'
import { bindingMissing } from '../../mechanisms/refresh/refreshers.ts'
import { createTokenUses, type TokenUses } from '../../mechanisms/refresh/token-uses.ts'
import type { ProofKey } from '../../model/proof-key.ts'
import type { StoredToken } from '../../model/stored-tokens.ts'
import { tokenKey, type TokenParameters } from '../../model/token-parameters.ts'
import type { Acquisition } from '../../ports/acquisition.ts'
import type { RefreshResult } from '../../ports/authorization-server.ts'
import type { SessionHandle, Snapshot } from '../../ports/session-handle.ts'
import { grantError } from '../../rules/protocol/grant-response.ts'
import type { ConfigurationError } from '../../vocabulary/index.ts'
import { accessTokenOf } from '../access-tokens.ts'
import { unlessAborted } from '../bound-session.ts'
import { invalid } from '../checks.ts'
import { findCurrent } from '../current-session.ts'
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
   * Gets the tokens that the request contains. It runs in the flight of the request, before its place in the line and its lease,
   * because the refresh of the user's token needs these too.
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

/** A request that carries its own functions through the refresher. Only a request that is sent is prepared. */
interface GrantRequest extends TokenParameters {
  prepare(): Promise<void>
  readonly acquire: Acquire
}

/** @param proofKey - The key of the session, for a token without a predecessor. */
function toRequest({ parameters, prepare }: GrantPlan, proofKey?: ProofKey): GrantRequest {
  let acquire: Acquire | undefined
  return {
    ...parameters,
    async prepare() {
      acquire = await prepare()
    },
    acquire: (knownKey) => (acquire as Acquire)(knownKey ?? proofKey),
  }
}

/** The uses of the tokens of all grants of an application, because they share the room in a session. */
const usesOf = new WeakMap<SourceContext, TokenUses>()

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
    async ready(keepAlive, request) {
      if (usesServer) await server.ready(keepAlive)
      await (request as GrantRequest).prepare()
    },
    acquire: ({ ledger }, request) => (request as GrantRequest).acquire(ledger.tokens['']?.proofKey),
    isResponding: () => server.isResponding(),
  }
  const usesLine = usesServer && !connectionOf
  const application = usesLine ? context : { ...context, line: NO_LINE }
  const tokens = createTokens?.(grant, acquisition, application.line)
  const uses = usesOf.get(context) ?? createTokenUses()
  usesOf.set(context, uses)
  const refresher = createRefresher({ ...application, acquisition, uses, emit: asGranted(emit, grant) })

  const keyOf = ({ parameters, identity }: GrantPlan) =>
    `${tokenKey(parameters) || '\n'}${JSON.stringify([grant, ...identity])}`

  return async (call) => {
    if (!tokens) return tokenOfSession(call)
    const { keepAlive = context.keepAlive, ...demand } = call
    const planned = await plan(createCall(context, call))
    return tokens.token({ ...demand, key: keyOf(planned), parameters: toRequest(planned), keepAlive })
  }

  async function tokenOfSession(call: SourceCall): Promise<StoredToken> {
    if (!call.find) throw invalid('client', 'must be `clientCredentials()`')
    const bound = call.find()
    const handle = await bound.session.find()
    const seen = await readSession(bound, handle)
    if (isInsideFunctionOf(seen, context)) throw insideFunction()
    const planned = await plan(createCall(context, call, bound, seen))
    const { rejected, minValiditySeconds, forceRefresh } = call
    const { keepAlive, startedInBackground } = bound.session
    const result = await refresher.token(
      createOtherTokens(handle as SessionHandle, context.serverClock),
      otherTokensOf(seen),
      {
        key: keyOf(planned),
        request: toRequest(planned, seen.record.ledger.proofKey),
        rejected,
        minValiditySeconds,
        forceRefresh,
        keepAlive,
        background: startedInBackground && ((work) => startedInBackground(work.then(asSessionResult))),
      },
    )
    return tokenFrom(bound, result)
  }
}

/** Whether a function of the application, which gets a token for this session, has made the call. */
function isInsideFunctionOf({ record }: Snapshot, { requestContext }: SourceContext): boolean {
  return requestContext !== undefined && findCurrent(requestContext)?.functionOf?.() === record.id
}

/** Without this error, the call would wait for the function that waits for the call. */
function insideFunction(): ConfigurationError {
  return invalid(
    'token',
    'cannot be a token of another grant inside the function of `customToken`. Get that token before, or with a request of the function',
  )
}

async function readSession({ session }: SourceUser, handle: SessionHandle | undefined): Promise<Snapshot> {
  const seen = handle?.readNow?.() ?? (await handle?.read())
  if (seen) return seen
  throw signInRequired(session.hadSession() ? 'session_ended' : 'no_session')
}

function tokenFrom({ session }: SourceUser, result: TokenResult<OtherSnapshot>): StoredToken {
  if (result.kind !== 'token') throw signInRequired(result.code)
  session.observe(result.snapshot.session)
  return result.token
}

function asSessionResult(result: TokenResult<OtherSnapshot>): TokenResult<Snapshot> {
  return result.kind === 'token' ? { ...result, snapshot: result.snapshot.session } : result
}
