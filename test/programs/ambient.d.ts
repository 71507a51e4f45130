// The parts of other packages that the programs use. The tests of the frameworks use the packages themselves.
declare module 'express' {
  import type { IncomingMessage, Server, ServerResponse } from 'node:http'

  interface Response extends ServerResponse {
    status(code: number): Response
    json(body: unknown): Response
    redirect(status: number, url: string): void
  }
  type Incoming = IncomingMessage & { readonly body: unknown }
  type Middleware = (
    request: IncomingMessage,
    response: ServerResponse,
    next: (error?: unknown) => void,
  ) => void
  type Handler = (request: Incoming, response: Response) => void | Promise<void>
  interface Application {
    use(middleware: Middleware): void
    get(path: string, handler: Handler): void
    post(path: string, handler: Handler): void
    listen(port: number): Server
  }
  const express: (() => Application) & { json(): Middleware }
  export default express
}

declare module 'cloudflare:workers' {
  import type { SessionsNamespace } from '@evertoken/cloudflare'

  export const env: {
    readonly CLIENT_SECRET: string
    readonly SESSION_SECRET: string
    readonly SESSIONS: SessionsNamespace
  }
}

declare module '@sveltejs/kit' {
  interface RequestEvent {
    readonly request: Request
    readonly platform: object | undefined
    readonly url: URL
  }
  interface ResolveOptions {
    readonly preload?: (input: { readonly path: string }) => boolean
  }
  export type Handle = (input: {
    event: RequestEvent
    resolve: (event: RequestEvent, options?: ResolveOptions) => Response | Promise<Response>
  }) => Response | Promise<Response>
  export type Load = (event: RequestEvent) => Promise<object>
  export function error(status: number, body: string): never
  export function redirect(status: number, location: string): never
}

declare module 'hono' {
  interface Context {
    readonly req: { readonly raw: Request }
    readonly env: unknown
    readonly executionCtx: object
    get res(): Response
    set res(response: Response | undefined)
    json(body: unknown): Response
    redirect(url: string): Response
    notFound(): Response
  }
  type Handler = (context: Context) => Response | Promise<Response>
  type Middleware = (context: Context, next: () => Promise<void>) => Promise<Response | void>
  export class Hono {
    use(middleware: Middleware): this
    get(path: string, handler: Handler): this
    all(path: string, handler: Handler): this
    readonly fetch: (request: Request, env?: object, ctx?: object) => Response | Promise<Response>
  }
}

declare module '@modelcontextprotocol/client' {
  interface TransportOptions {
    readonly authProvider?: {
      token(): Promise<string | undefined>
      onUnauthorized?(context: { readonly response: Response }): Promise<void>
    }
    readonly fetch?: (url: string | URL, init?: RequestInit) => Promise<Response>
  }
  export class StreamableHTTPClientTransport {
    constructor(url: URL, options?: TransportOptions)
    close(): Promise<void>
  }
  export class Client {
    constructor(info: { readonly name: string; readonly version: string })
    connect(transport: StreamableHTTPClientTransport): Promise<void>
    listTools(): Promise<{ readonly tools: readonly { readonly name: string }[] }>
  }
}

declare module '@modelcontextprotocol/sdk/client/streamableHttp.js' {
  // The members of the real interface that are required.
  interface OAuthClientProvider {
    get redirectUrl(): string | URL | undefined
    get clientMetadata(): { redirect_uris: string[] }
    clientInformation(): { client_id: string } | undefined | Promise<{ client_id: string } | undefined>
    tokens(): Tokens | undefined | Promise<Tokens | undefined>
    saveTokens(tokens: Tokens): void | Promise<void>
    redirectToAuthorization(url: URL): void | Promise<void>
    saveCodeVerifier(codeVerifier: string): void | Promise<void>
    codeVerifier(): string | Promise<string>
  }
  interface Tokens {
    access_token: string
    token_type: string
    scope?: string | undefined
  }
  export class StreamableHTTPClientTransport {
    constructor(
      url: URL,
      options?: {
        readonly authProvider?: OAuthClientProvider
        readonly fetch?: (url: string | URL, init?: RequestInit) => Promise<Response>
      },
    )
    close(): Promise<void>
  }
}

declare module '@modelcontextprotocol/sdk/client/index.js' {
  import type { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'

  export class Client {
    constructor(info: { readonly name: string; readonly version: string })
    connect(transport: StreamableHTTPClientTransport): Promise<void>
    close(): Promise<void>
  }
}

declare module '@auth/core' {
  import type { Provider } from '@auth/core/providers/google'

  interface Account {
    readonly access_token?: string
    readonly refresh_token?: string
    readonly expires_at?: number
    readonly [member: string]: unknown
  }
  type SignOut =
    | { readonly session: object | null | void }
    | { readonly token: { readonly sub?: string } | null }
  export interface AuthConfig {
    providers: Provider[]
    events?: {
      signIn?: (message: { user: { readonly id?: string }; account?: Account | null }) => void | Promise<void>
      signOut?: (message: SignOut) => void | Promise<void>
    }
  }
  export function Auth(request: Request, config: AuthConfig): Promise<Response>
}

declare module '@auth/core/providers/google' {
  export interface Provider {
    readonly id: string
  }
  export default function Google(options: {
    authorization?: { params?: Readonly<Record<string, string>> }
  }): Provider
}
