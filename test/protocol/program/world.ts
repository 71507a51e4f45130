import type {
  ClientCredentials,
  EvertokenOptions,
  EvertokenWithClient,
  TokenFetch,
  WithClient,
} from '@evertoken/core'
import type { ClientTokens, ClientTokensOptions } from '@evertoken/core/client'
import { clientCredentials } from '@evertoken/core/grants'
import { APP_URL, signInAt } from '../../integration/sign-in-at.ts'

export const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
export const SECRET = 'a secret of thirty-two characters'

/** A certificate of the client, and its public key as the server gets it. */
export interface Identity {
  readonly cert: string
  readonly key: string
  readonly jwk: object
}

/** The servers, as JSON. */
export interface Config {
  readonly issuer: string
  /** A second authorization server, which trusts assertions of the first one. */
  readonly partner: string
  /** The resource server, without a slash at the end. */
  readonly api: string
  /** The resource server at an address that asks for a certificate. */
  readonly mtlsApi: string
  /** The authority of all servers with https. */
  readonly authorityCertificate: string
  readonly identities: { readonly issued: Identity; readonly selfSigned: Identity }
}

/** The functions of an application, as each runtime has them. On Workers, they are bound to an invocation. */
export type Application = Pick<
  EvertokenWithClient,
  | 'handle'
  | 'getUserAccessToken'
  | 'getClientAccessToken'
  | 'createTokenFetch'
  | 'createTokenProxy'
  | 'loginUrlFor'
  | 'redirectToLogin'
  | 'session'
>

export type ApplicationOptions = EvertokenOptions & WithClient<ClientCredentials>

/** The differences between the runtimes. */
export interface Host {
  readonly runtime: 'node' | 'deno' | 'bun' | 'workerd'
  /** Creates an application with a memory store. */
  createApplication(options: ApplicationOptions): Application
  createClientTokens(options: ClientTokensOptions): ClientTokens
  /** Returns a `fetch` that presents this certificate. */
  mtlsFetch(name: keyof Config['identities'], config: Config): typeof fetch
}

/** A client that has registered itself at an authorization server. */
export interface Client {
  readonly issuer: string
  readonly id: string
  readonly secret: string | undefined
}

/** A token request that arrived at an authorization server. */
export interface TokenRequest {
  readonly form: Readonly<Record<string, string>>
  /** The scheme of the `Authorization` header, or an empty string. */
  readonly authorization: string
  readonly hasProof: boolean
  readonly status: number
  /** When it began and ended, in the order of all requests. */
  readonly begin: number
  readonly end: number
}

/** What the API has verified about a call. */
export interface ApiResult {
  readonly aud: string
  readonly sub?: string
  readonly scope: string
  readonly client_id: string
  readonly scheme: string
  readonly method: string
  readonly body: string
  readonly act?: { readonly sub: string }
  readonly cnf?: { readonly jkt?: string; readonly 'x5t#S256'?: string }
}

export interface User {
  /** The URLs that the browser opened at the sign-in, in order. */
  readonly visited: readonly URL[]
  /** Runs code in a request of the user. */
  run<T>(work: () => Promise<T>): Promise<T>
  /** Sends a request to a route of Evertoken. */
  open(path: string): Promise<Response>
}

/** The servers and the runtime of a row. */
export interface World {
  readonly config: Config
  readonly host: Host
  /** The URL of an API, which is the audience of its tokens. */
  api(name: string): string
  /** Registers a confidential client, unless the metadata has another method. */
  register(metadata?: object, issuer?: string): Promise<Client>
  /** The token requests of a client since the last call. */
  requests(client: Client): Promise<readonly TokenRequest[]>
  createApplication(client: Client, options?: object): Application
  signIn(application: Application, path?: string): Promise<User>
}

export function createWorld(host: Host, config: Config): World {
  const api = (name: string) => `${config.api}/${name}`
  return {
    host,
    config,
    api,
    async register(metadata = {}, issuer = config.issuer) {
      const response = await fetch(`${issuer}/reg`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          grant_types: ['authorization_code', 'refresh_token', 'client_credentials', EXCHANGE, JWT_BEARER],
          redirect_uris: [`${APP_URL}/auth/callback`],
          ...metadata,
        }),
      })
      if (!response.ok) throw new Error(`The client cannot register: ${await response.text()}`)
      const client = (await response.json()) as { client_id: string; client_secret?: string }
      return { issuer, id: client.client_id, secret: client.client_secret }
    },
    async requests({ issuer, id }) {
      const response = await fetch(`${issuer}/test/requests?client=${id}`)
      return (await response.json()) as TokenRequest[]
    },
    createApplication({ issuer, id, secret }, options = {}) {
      const authenticates = 'clientAuthentication' in options || 'clientSecret' in options
      return host.createApplication({
        issuer,
        clientId: id,
        ...(secret !== undefined && !authenticates && { clientSecret: secret }),
        encryptionSecret: SECRET,
        baseUrl: APP_URL,
        scope: 'openid offline_access read write',
        resource: api('orders'),
        session: 'server',
        client: clientCredentials({ resource: api('catalog'), scope: 'read' }),
        ...options,
      } as object as ApplicationOptions)
    },
    async signIn(application, path) {
      const browser = await signInAt(application, path)
      async function run<T>(work: () => Promise<T>): Promise<T> {
        let result: { readonly value: T } | undefined
        const response = await browser.get('/', async () => {
          result = { value: await work() }
          return new Response()
        })
        if (!result) throw new Error(`The request of the user failed with ${response.status}`)
        return result.value
      }
      const open = (to: string) => browser.get(to, async () => new Response(undefined, { status: 404 }))
      return { visited: browser.visited, run, open }
    },
  }
}

/** Calls an API that must accept the token. */
export async function callApi(call: TokenFetch, path = 'list', init?: RequestInit): Promise<ApiResult> {
  const response = await call(path, init)
  const text = await response.text()
  if (!response.ok)
    throw new Error(`The API returned ${response.status} ${response.headers.get('www-authenticate')} ${text}`)
  return JSON.parse(text) as ApiResult
}

/** Members of a successful token response. */
interface TokenResponse {
  readonly refresh_token?: string
}

/** Creates a `fetch` for an application that replaces each successful response of the token endpoint. */
export function changeTokenResponses(
  change: (response: TokenResponse, form: URLSearchParams) => object,
): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init)
    if (!response.ok || !(init?.body instanceof URLSearchParams)) return response
    const body = (await response.json()) as TokenResponse
    return Response.json(change(body, init.body), { headers: response.headers })
  }
}
