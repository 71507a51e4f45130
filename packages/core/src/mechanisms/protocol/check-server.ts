import type { AuthorizationServer } from '../../ports/authorization-server.ts'
import { isJsonObject } from '../../rules/members.ts'
import {
  type ClientFacts,
  clockFindings,
  type Finding,
  metadataFindings,
} from '../../rules/protocol/server-findings.ts'
import { EvertokenError } from '../../vocabulary/index.ts'
import { redact, shownUrl } from '../runtime/redact.ts'
import type { Http } from './http.ts'
import type { ServerClock } from './server-clock.ts'

export interface CheckOptions extends ClientFacts {
  readonly server: Pick<AuthorizationServer, 'capabilities'>
  readonly http: Http
  readonly serverClock: ServerClock
}

/** Checks the metadata and the keys of an authorization server, and the clock. Never throws. */
export async function checkServer(options: CheckOptions): Promise<Finding[]> {
  const { server, http, serverClock } = options
  try {
    const metadata = await server.capabilities()
    const { jwks_uri: keysUrl } = metadata
    const keys = typeof keysUrl === 'string' ? await keyFindings(http, keysUrl) : []
    const { server: time, wall } = serverClock.read()
    return [...metadataFindings(metadata, options), ...keys, ...clockFindings(time && time - wall)]
  } catch (error) {
    if (!(error instanceof EvertokenError)) throw error
    return [{ code: error.code, severity: 'error', message: error.message }]
  }
}

async function keyFindings(http: Http, url: string): Promise<Finding[]> {
  const reason = await http(url).then(async (response) => {
    const body: unknown = await response.json().catch(() => undefined)
    if (isJsonObject(body) && Array.isArray(body['keys']) && body['keys'].length > 0) return undefined
    return `status ${response.status}, without a list of keys`
  }, describeFailure)
  if (reason === undefined) return []
  const message = `The keys at ${shownUrl(url)} are not available (${reason}), so ID tokens cannot be verified.`
  return [{ code: 'keys_unavailable', severity: 'error', message }]
}

function describeFailure(error: unknown): string {
  const { code, name } = redact(error)
  return code ?? name
}
