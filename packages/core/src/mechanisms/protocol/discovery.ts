import type { AuthorizationServer } from 'oauth4webapi'
import { TryLaterError } from '../../vocabulary/index.ts'
import { type Http, METADATA_BYTES } from '../http.ts'
import { redact } from '../redact.ts'
import { wrongMetadata } from './answers.ts'

export interface DiscoveryOptions {
  readonly issuer: string
  /** Where the metadata is, when not at the well-known place. */
  readonly metadataUrl?: string | undefined
  /** Whether plain http is allowed: only for an issuer on loopback. */
  readonly insecure: boolean
  readonly http: Http
}

/** RFC 8414 §3.3: the issuer is compared byte for byte. */
export async function discover(options: DiscoveryOptions): Promise<AuthorizationServer> {
  const metadata = await fetchMetadata(options).catch((error: unknown) => {
    const message = 'Cannot fetch the metadata of the authorization server: try again later'
    const cause = redact(error)
    throw new TryLaterError('authorization_server_unavailable', message, { cause, retryAfterSeconds: 1 })
  })
  if (metadata.issuer !== options.issuer) throw wrongMetadata('names another issuer, or spells it otherwise')
  for (const endpoint of ['authorization_endpoint', 'token_endpoint'] as const) {
    if (!isSafe(metadata[endpoint], options)) throw wrongMetadata(`has no ${endpoint}, or none on https`)
  }
  return metadata
}

/** Looks where OpenID Connect Discovery §4 has the metadata, then where RFC 8414 §3.1 has it. */
async function fetchMetadata(options: DiscoveryOptions): Promise<AuthorizationServer> {
  const { origin, pathname } = new URL(options.issuer)
  const path = pathname.replace(/\/$/, '')
  const wellKnown = `${origin}${path}/.well-known/openid-configuration`
  const first = await fetchDocument(options.metadataUrl ?? wellKnown, options)
  const response =
    first.status === 404 && options.metadataUrl === undefined
      ? await fetchDocument(`${origin}/.well-known/oauth-authorization-server${path}`, options)
      : first
  const { status } = response
  const metadata = status === 200 ? ((await response.json()) as AuthorizationServer | null) : undefined
  if (typeof metadata?.issuer === 'string') return metadata
  throw Object.assign(new Error('No metadata'), { name: 'MetadataError', status })
}

async function fetchDocument(url: string, options: DiscoveryOptions): Promise<Response> {
  if (!isSafe(url, options)) throw new Error('No https')
  return options.http(url, { headers: { accept: 'application/json' } }, METADATA_BYTES)
}

function isSafe(url: string | undefined, { insecure }: DiscoveryOptions): boolean {
  const protocol = url !== undefined && URL.canParse(url) ? new URL(url).protocol : ''
  return protocol === 'https:' || (protocol === 'http:' && insecure)
}
