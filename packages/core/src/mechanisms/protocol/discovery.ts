import * as oauth from 'oauth4webapi'
import { ConfigurationError, TryLaterError } from '../../vocabulary/index.ts'
import { type Http, METADATA_BYTES } from '../http.ts'
import { redact } from '../redact.ts'
import { wrongMetadata } from './answers.ts'
import type { Wire } from './wire.ts'

export interface DiscoveryOptions {
  readonly issuer: string
  /** Where the metadata is, when not at the well-known place. */
  readonly metadataUrl?: string | undefined
  /** Whether plain http is allowed: only for an issuer on loopback. */
  readonly insecure: boolean
  readonly http: Http
}

/** RFC 8414 §3.3: the issuer is compared byte for byte. */
export async function discover(options: DiscoveryOptions, wire: Wire): Promise<oauth.AuthorizationServer> {
  const metadata = await fetchMetadata(options, wire)
  if (metadata.issuer !== options.issuer) throw wrongMetadata('names the issuer in another spelling')
  for (const endpoint of ['authorization_endpoint', 'token_endpoint'] as const) {
    const url = URL.canParse(metadata[endpoint] ?? '') ? new URL(metadata[endpoint] ?? '') : undefined
    const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && options.insecure)
    if (!isSafe) throw wrongMetadata(`has no ${endpoint}, or none on https`)
  }
  return metadata
}

async function fetchMetadata(
  { issuer, metadataUrl, http }: DiscoveryOptions,
  wire: Wire,
): Promise<oauth.AuthorizationServer> {
  const url = new URL(issuer)
  try {
    let response =
      metadataUrl === undefined
        ? await oauth.discoveryRequest(url, wire)
        : await http(metadataUrl, undefined, METADATA_BYTES)
    if (response.status === 404 && metadataUrl === undefined) {
      response = await oauth.discoveryRequest(url, { ...wire, algorithm: 'oauth2' })
    }
    // Whoever has a wrong issuer waits in vain: a server that is merely down does not say that there is nothing.
    if (response.status === 404) throw wrongMetadata('is not where it should be')
    return await oauth.processDiscoveryResponse(url, response)
  } catch (error) {
    if (error instanceof ConfigurationError) throw error
    const cause = redact(error)
    if (cause.code === oauth.JSON_ATTRIBUTE_COMPARISON) throw wrongMetadata('names another issuer')
    const message = 'Cannot fetch the metadata of the authorization server: try again later'
    throw new TryLaterError('authorization_server_unavailable', message, { cause, retryAfterSeconds: 1 })
  }
}
