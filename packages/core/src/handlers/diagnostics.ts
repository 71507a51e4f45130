import { fingerprint, sha256 } from '../mechanisms/digest.ts'
import type { Protocol } from '../mechanisms/protocol/protocol.ts'
import type { RequestSession } from '../mechanisms/request-session.ts'
import { endsAt, type SessionRecord } from '../rules/session-record.ts'
import { EvertokenError } from '../vocabulary/index.ts'
import { refuseForged } from './anti-forgery.ts'

export interface DiagnosticsOptions {
  readonly origin: string
  readonly protocol: Protocol
  readonly idleSeconds: number
  /** Without secrets. */
  readonly configuration: Readonly<Record<string, unknown>>
}

/** Shows a developer how things are set up and how their own session stands: fingerprints, never a token. */
export async function diagnostics(
  request: Request,
  session: RequestSession,
  { origin, protocol, idleSeconds, configuration }: DiagnosticsOptions,
): Promise<Response> {
  const refused = refuseForged(request, origin)
  if (refused) return refused
  const cell = await session.find()
  const kept = await cell?.kept()
  const body = {
    configuration,
    authorizationServer: await protocol.capabilities().catch(toCode),
    session: cell && kept ? await factsOf(cell.key, kept.record, idleSeconds) : null,
  }
  return new Response(JSON.stringify(body, null, 2), {
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  })
}

async function factsOf(key: string, record: SessionRecord, idleSeconds: number) {
  const { generation, attempt, touchedAt, expiresAt, scope, claims, coolDown } = record
  return {
    session: fingerprint(key),
    generation,
    attempt,
    touchedAt,
    expiresAt,
    endsAt: endsAt(record, idleSeconds),
    scope,
    claims: Object.keys(claims),
    coolDown,
    isBeingRefreshed: record.claim !== undefined,
    isInDoubt: record.inDoubt === true,
    refreshToken: await tokenPrint(record.refreshToken),
    accessTokens: await Promise.all(
      Object.entries(record.tokens).map(async ([name, token]) => ({
        name,
        fingerprint: await tokenPrint(token.value),
        obtainedAt: token.obtainedAt,
        expiresAt: token.expiresAt,
        scope: token.scope,
      })),
    ),
  }
}

async function tokenPrint(token: string | undefined): Promise<string | undefined> {
  return token === undefined ? undefined : fingerprint(await sha256(token))
}

function toCode(error: unknown): { readonly error: string } {
  if (!(error instanceof EvertokenError)) throw error
  return { error: error.code }
}
