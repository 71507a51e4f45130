import type * as oauth from 'oauth4webapi'
import { isJsonObject } from '../../rules/members.ts'
import { clockFindings, type Finding, metadataFindings } from '../../rules/protocol/server-findings.ts'
import { type SignInScope, supportedScope } from '../../rules/sign-in/login-request.ts'
import { EvertokenError } from '../../vocabulary/index.ts'
import { redact, shownUrl } from '../runtime/redact.ts'
import type { Connection } from './connection.ts'
import type { Http } from './http.ts'

/**
 * Checks the metadata and the keys of an authorization server, and the clock. Never throws.
 *
 * @param signIn - The scope of sign-ins, if there are any.
 */
export async function checkServer(
  { fetchMetadata, authenticator, http, serverClock, constraint }: Connection,
  signIn: SignInScope | undefined,
): Promise<Finding[]> {
  try {
    const metadata = await fetchMetadata()
    const method = authenticator.methodFor(metadata)
    const scope = signIn && askedScope(signIn, metadata)
    const keys = scope === undefined ? [] : await keyFindings(http, metadata.jwks_uri)
    const { server: time, wall } = serverClock.read()
    return [
      ...metadataFindings(metadata, { method, scope, constraint, detailTypes: signIn?.detailTypes ?? [] }),
      ...keys,
      ...clockFindings(time && time - wall),
    ]
  } catch (error) {
    if (!(error instanceof EvertokenError)) throw error
    return [{ code: error.code, severity: 'error', message: error.message }]
  }
}

function askedScope({ scope, isDefaultScope }: SignInScope, metadata: oauth.AuthorizationServer): string {
  return isDefaultScope ? supportedScope(scope, metadata.scopes_supported) : scope
}

async function keyFindings(http: Http, url: string | undefined): Promise<Finding[]> {
  if (url === undefined) return []
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
