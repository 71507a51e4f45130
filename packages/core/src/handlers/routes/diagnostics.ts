import { fingerprint, sha256 } from '../../mechanisms/runtime/digest.ts'
import type { AuthorizationServer } from '../../ports/authorization-server.ts'
import { pick } from '../../rules/members.ts'
import { endsAt, type SessionRecord } from '../../model/session-record.ts'
import { createResponse } from '../responses.ts'
import { refuseCrossSite, asEvertokenError } from '../problem.ts'
import { callbackUrl } from './login.ts'
import type { BrowserPaths, RouteContext } from './route-context.ts'

export interface DiagnosticsOptions {
  readonly server: Pick<AuthorizationServer, 'capabilities'>
  readonly paths: BrowserPaths
  readonly idleTimeoutSeconds: number
  /** Returns the method with which the client authenticates at a server with these capabilities. */
  readonly methodFor: (capabilities: object) => string
  /** Without secrets. */
  readonly configuration: object
}

/** Shows a developer the configuration and the state of their session. It shows fingerprints, and never a token. */
export async function diagnostics(
  request: Request,
  { session, origin }: Pick<RouteContext, 'session' | 'origin'>,
  { server, paths, idleTimeoutSeconds, methodFor, configuration }: DiagnosticsOptions,
): Promise<Response> {
  const refused = refuseCrossSite(request, origin)
  if (refused) return refused
  const kept = await (await session.find())?.readIgnoringExpiry()
  const capabilities = await server
    .capabilities()
    .catch((error: unknown) => ({ error: asEvertokenError(error).code }))
  const body = {
    configuration: { ...configuration, clientAuthentication: methodFor(capabilities) },
    register: { redirectUri: callbackUrl(origin, paths), postLogoutUri: origin + paths.postLogoutPath },
    authorizationServer: capabilities,
    session: kept ? await factsOf(kept.record, idleTimeoutSeconds) : null,
  }
  return createResponse(200, { 'content-type': 'application/json' }, JSON.stringify(body, null, 2))
}

/** Lists the facts that explain the behavior of a session. Values of tokens and claims are omitted, and only names remain. */
async function factsOf(record: SessionRecord, idleTimeoutSeconds: number): Promise<object> {
  const { ledger } = record
  const tokens = Object.entries(ledger.tokens).map(async ([name, token]) => ({
    name,
    fingerprint: await tokenFingerprint(token.value),
    ...pick(token, ['obtainedAt', 'expiresAt', 'scope']),
  }))
  return {
    session: fingerprint(record.id),
    ...pick(record, ['generation', 'touchedAt', 'expiresAt']),
    ...pick(ledger, ['attempt', 'scope', 'backOff']),
    endsAt: endsAt(record, idleTimeoutSeconds),
    claims: Object.keys(record.claims),
    isBeingRefreshed: ledger.lease !== undefined,
    isInDoubt: ledger.doubt !== undefined,
    refreshToken: ledger.refreshToken && (await tokenFingerprint(ledger.refreshToken)),
    accessTokens: await Promise.all(tokens),
  }
}

/** Two fingerprints can be compared, for example with those of the log of the server, and lead back to no token. */
async function tokenFingerprint(token: string): Promise<string> {
  return fingerprint(await sha256(token))
}
