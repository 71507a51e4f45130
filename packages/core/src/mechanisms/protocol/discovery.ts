import type { AuthorizationServer } from 'oauth4webapi'
import { isJsonObject } from '../../rules/json-object.ts'
import type { Http } from '../http.ts'
import { redact } from '../redact.ts'
import { unavailable, wrongMetadata } from './errors.ts'

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
  const { issuer, insecure, http } = options
  checkEndpoint(options, 'issuer', insecure)
  const metadata = await fetchMetadata(http, places(options))
  if (metadata.issuer !== issuer) throw wrongMetadata('metadata names another issuer, or spells it otherwise')
  checkEndpoint(metadata, 'authorization_endpoint', insecure)
  checkEndpoint(metadata, 'token_endpoint', insecure)
  return metadata
}

/** Where OpenID Connect Discovery §4 and RFC 8414 §3.1 put the metadata. */
function places({ issuer, metadataUrl }: DiscoveryOptions): string[] {
  if (metadataUrl !== undefined) return [metadataUrl]
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  return [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ]
}

async function fetchMetadata(http: Http, urls: readonly string[]): Promise<AuthorizationServer> {
  try {
    for (const url of urls) {
      const response = await http(url)
      const { status } = response
      if (status === 404) continue
      const metadata: unknown = status === 200 && (await response.json())
      if (hasIssuer(metadata)) return metadata
      throw { name: 'MetadataError', status }
    }
  } catch (error) {
    throw unavailable('fetch the metadata of the authorization server', redact(error))
  }
  // Whoever has a wrong issuer waits in vain: a server that is merely down does not say that there is nothing.
  throw wrongMetadata('metadata is not where it should be')
}

function hasIssuer(metadata: unknown): metadata is AuthorizationServer {
  return isJsonObject(metadata) && typeof metadata['issuer'] === 'string'
}

/** The URL of an endpoint. S30: on https, or on plain http where that is allowed. */
export function checkEndpoint<Name extends string>(
  server: { readonly [name in Name]?: string },
  name: Name,
  insecure: boolean,
): string {
  const url: unknown = server[name]
  const isSafe = insecure ? /^https?:/i : /^https:/i
  if (typeof url === 'string' && URL.canParse(url) && isSafe.test(url)) return url
  throw wrongMetadata(`${name} is missing or not on https`)
}
