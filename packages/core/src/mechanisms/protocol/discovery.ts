import * as oauth from 'oauth4webapi'
import { redact } from '../redact.ts'
import { unavailable, wrongMetadata } from './errors.ts'
import type { Wire } from './wire.ts'

export interface DiscoveryOptions {
  readonly issuer: string
  /** The URL of the metadata, if it is not the well-known URL. */
  readonly metadataUrl?: string | undefined
  readonly wire: Wire
}

/** Fetches the metadata of the authorization server. Compares the issuer byte for byte (RFC 8414 §3.3). */
export async function discover(options: DiscoveryOptions): Promise<oauth.AuthorizationServer> {
  const { issuer, wire } = options
  const response = await fetchMetadata(options)
  // With a wrong issuer, a retry cannot succeed. A server that is only down does not respond with 404.
  if (response.status === 404) throw wrongMetadata('metadata is not where it should be')
  const metadata = await oauth.processDiscoveryResponse(new URL(issuer), response).catch(failed)
  if (metadata.issuer !== issuer) throw wrongMetadata('metadata spells the issuer otherwise')
  const isSafe = wire[oauth.allowInsecureRequests] ? /^https?:/i : /^https:/i
  for (const name of ['authorization_endpoint', 'token_endpoint'] as const) {
    const { [name]: url = '' } = metadata
    if (!URL.canParse(url) || !isSafe.test(url)) throw wrongMetadata(`${name} is missing or not on https`)
  }
  return metadata
}

async function fetchMetadata({ issuer, metadataUrl, wire }: DiscoveryOptions): Promise<Response> {
  if (metadataUrl !== undefined) return wire[oauth.customFetch](metadataUrl).catch(failed)
  const url = new URL(issuer)
  const response = await oauth.discoveryRequest(url, wire).catch(failed)
  if (response.status !== 404) return response
  return oauth.discoveryRequest(url, { ...wire, algorithm: 'oauth2' }).catch(failed)
}

function failed(error: unknown): never {
  const cause = redact(error)
  if (cause.code === oauth.JSON_ATTRIBUTE_COMPARISON) throw wrongMetadata('metadata names another issuer')
  throw unavailable('fetch the metadata of the authorization server', cause)
}
