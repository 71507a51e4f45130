import { fingerprint, sha256 } from '../../mechanisms/runtime/digest.ts'
import type { Protocol } from '../../mechanisms/protocol/protocol.ts'
import type { RequestSession } from '../../mechanisms/sessions/request-session.ts'
import { pick } from '../../rules/members.ts'
import { endsAt, type SessionRecord } from '../../model/session-record.ts'
import { answer } from '../answer.ts'
import { refuseCrossSite, ours } from '../problem.ts'

export interface DiagnosticsOptions {
  readonly session: RequestSession
  readonly origin: string
  readonly protocol: Protocol
  readonly idleTimeoutSeconds: number
  /** Without secrets. */
  readonly configuration: object
}

/** Shows a developer the configuration and the state of their session. It shows fingerprints, and never a token. */
export async function diagnostics(
  request: Request,
  { session, origin, protocol, idleTimeoutSeconds, configuration }: DiagnosticsOptions,
): Promise<Response> {
  const refused = refuseCrossSite(request, origin)
  if (refused) return refused
  const kept = await (await session.find())?.readIgnoringExpiry()
  const body = {
    configuration,
    authorizationServer: await protocol
      .capabilities()
      .catch((error: unknown) => ({ error: ours(error).code })),
    session: kept ? await factsOf(kept.record, idleTimeoutSeconds) : null,
  }
  return answer(200, { 'content-type': 'application/json' }, JSON.stringify(body, null, 2))
}

async function factsOf(record: SessionRecord, idleTimeoutSeconds: number): Promise<object> {
  const tokens = Object.entries(record.tokens).map(async ([name, token]) => ({
    name,
    fingerprint: await tokenPrint(token.value),
    ...pick(token, ['obtainedAt', 'expiresAt', 'scope']),
  }))
  return {
    session: fingerprint(record.id),
    ...pick(record, ['generation', 'attempt', 'touchedAt', 'expiresAt', 'scope', 'backOff']),
    endsAt: endsAt(record, idleTimeoutSeconds),
    claims: Object.keys(record.claims),
    isBeingRefreshed: record.lease !== undefined,
    isInDoubt: record.doubt !== undefined,
    refreshToken: record.refreshToken && (await tokenPrint(record.refreshToken)),
    accessTokens: await Promise.all(tokens),
  }
}

async function tokenPrint(token: string): Promise<string> {
  return fingerprint(await sha256(token))
}
