import type { Dialect, DialectFormat } from './dialect.ts'

/** The endpoints of a server, and its metadata. */
export type DialectEndpoint = 'metadata' | keyof Dialect['endpoints']

/** A request for an endpoint. */
export interface DialectRequest {
  readonly endpoint: DialectEndpoint
  readonly method: string
  readonly url: URL
  readonly headers: Headers
  readonly format: DialectFormat
  /** The parameters of the query, of the form, or of the JSON. */
  readonly parameters: URLSearchParams
}

/** @returns `undefined` if the server has no endpoint at this URL. */
export async function toDialectRequest(
  dialect: Dialect,
  request: Request,
): Promise<DialectRequest | undefined> {
  const url = new URL(request.url)
  const endpoints = { ...dialect.endpoints, metadata: dialect.metadata?.url }
  const names = Object.keys(endpoints) as DialectEndpoint[]
  const endpoint = names.find((name) => endpoints[name] === url.origin + url.pathname)
  if (endpoint === undefined) return undefined
  const { method, headers } = request
  const format = formatOf(headers.get('content-type') ?? '')
  const text = format === 'query' ? '' : await request.text()
  const parameters =
    format === 'query'
      ? url.searchParams
      : new URLSearchParams(format === 'form' ? text : (JSON.parse(text) as Record<string, string>))
  return { endpoint, method, url, headers, format, parameters }
}

function formatOf(type: string): DialectFormat {
  if (type.startsWith('application/x-www-form-urlencoded')) return 'form'
  return type.startsWith('application/json') ? 'json' : 'query'
}

/** The client ID in the header or in the parameters, and how the client authenticates. */
export function clientOf({ headers, parameters }: DialectRequest): {
  readonly id: string | null
  readonly method: 'client_secret_basic' | 'client_secret_post' | 'none'
} {
  const basic = /^basic +(.+)$/i.exec(headers.get('authorization') ?? '')?.[1]
  if (basic !== undefined) {
    const [id = ''] = atob(basic).split(':')
    return { id: decodeURIComponent(id.replaceAll('+', ' ')), method: 'client_secret_basic' }
  }
  const method = parameters.has('client_secret') ? 'client_secret_post' : 'none'
  return { id: parameters.get('client_id'), method }
}
