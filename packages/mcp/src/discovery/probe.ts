import { type Challenge, parseChallenges } from '@evertoken/core/adapter'
import { isUnavailable, type Requests, unavailable } from './documents.ts'

/** The response of an MCP server to a request without a token. */
export interface ProbeResult {
  readonly isTokenRequired: boolean
  /** The URL of the resource metadata. `undefined` if the challenge has none. */
  readonly metadataUrl: string | undefined
  /** The scope that the challenge names. */
  readonly scope: string | undefined
}

const PROTOCOL = '2025-11-25'

/** Any request would do. This one changes nothing, and needs no parameters. */
const LIST_TOOLS = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} })

/**
 * Sends a request without a token, because the challenge shows where the metadata is (RFC 9728 §5.1).
 *
 * @throws {TryLaterError} If the server does not respond. Otherwise, an outage would select another authorization server.
 */
export async function probe(server: URL, { http }: Requests): Promise<ProbeResult> {
  const response = await http(server.href, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': PROTOCOL,
    },
    body: LIST_TOOLS,
  }).catch(unavailable)
  if (isUnavailable(response)) return unavailable({ status: response.status })
  const challenge = tokenChallenge(response.headers)
  return {
    isTokenRequired: response.status === 401,
    metadataUrl: challenge?.parameters.get('resource_metadata'),
    scope: challenge?.parameters.get('scope') || undefined,
  }
}

/** Returns the first challenge that asks for an access token. */
export function tokenChallenge(headers: Headers | undefined): Challenge | undefined {
  const challenges = parseChallenges(headers?.get('www-authenticate') ?? null)
  return challenges.find(({ scheme }) => scheme === 'bearer' || scheme === 'dpop')
}
