import type { Clock } from '@evertoken/core'
import { createAuthorizationServer, type FakeAuthorizationServer } from './authorization-server.ts'
import { listen } from './authorization-server/listen.ts'
import type { Client, User } from './authorization-server/model.ts'
import type { Dialect, DialectRefusal } from './dialect-server/dialect.ts'
import { clientOf, type DialectRequest, toDialectRequest } from './dialect-server/incoming.ts'
import { metadataOf } from './dialect-server/metadata.ts'
import { nestMembers } from './dialect-server/nested-members.ts'
import { createRevoke } from './dialect-server/revoke.ts'
import { shapeTokenResponse } from './dialect-server/token-response.ts'

/** Options of `createDialectServer`. */
export interface DialectServerOptions {
  /**
   * The registered client.
   *
   * @default `web` with the secret `web-secret-for-tests-only`
   */
  readonly client?: Client
  /**
   * The user who is signed in.
   *
   * @default { sub: 'user-1' }
   */
  readonly user?: User
  /**
   * The clock that measures the lifetimes of tokens.
   *
   * @default the clock of the machine
   */
  readonly clock?: Clock
  /**
   * Receives the requests for all other URLs, such as those of an API.
   *
   * @default they get 404
   */
  readonly elsewhere?: (request: Request) => Response | Promise<Response>
}

/** A local server for all URLs of a dialect. */
export interface DialectListening {
  /** Sends a request for any URL to the local server, as the `fetch` of an application. Follows no redirects. */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>
  /** Cuts every connection. */
  close(): Promise<void>
}

/** A server that speaks a dialect. */
export interface DialectServer {
  /** The standard server behind the dialect, with its counts, its log and its grants. */
  readonly model: FakeAuthorizationServer
  /** Responds to a request for a URL of the dialect. */
  readonly fetch: (request: Request) => Promise<Response>
  /** Serves all URLs of the dialect on 127.0.0.1, on a free port. */
  listen(): Promise<DialectListening>
  /** Refuses the next refresh with this response. The refresh token stays valid. */
  refuseNextRefresh(refusal: DialectRefusal): void
}

/**
 * Creates an authorization server that speaks a dialect: the model server behind a translation of its requests and
 * responses.
 *
 * @param dialect - Facts about the server, as plain data.
 * @param options - The client, the user and the clock. By default, those of the model server.
 * @returns The server. Pass its `fetch`, or that of `listen()`, to the application.
 * @example
 * ```ts
 * import { createDialectServer } from '@evertoken/testkit'
 *
 * const server = createDialectServer({
 *   issuer: 'https://login.example.com',
 *   endpoints: { authorize: 'https://login.example.com/authorize', token: 'https://login.example.com/token' },
 *   clientAuthentication: ['client_secret_post'],
 *   accessTokens: { seconds: 3600 },
 *   tokenResponse: { expiresIn: 'text' },
 *   deadRefreshToken: { status: 200, body: { ok: false, error: 'invalid_refresh_token' } },
 * })
 * const listening = await server.listen()
 * ```
 */
export function createDialectServer(dialect: Dialect, options: DialectServerOptions = {}): DialectServer {
  const { client = { id: 'web', secret: 'web-secret-for-tests-only' }, user = { sub: 'user-1' } } = options
  const { refreshTokens, accessTokens, scopeSeparator = ' ', redirectName, format = 'form' } = dialect
  const model = createAuthorizationServer({
    issuer: dialect.issuer,
    clients: [client],
    user,
    idTokenAlgorithm: 'RS256',
    accessTokenSeconds: accessTokens.seconds,
    reuse: refreshTokens?.reuse ?? 'strict',
    refreshEndsAccessTokens: refreshTokens?.refreshEndsAccessToken ?? false,
    ...(options.clock && { clock: options.clock }),
    ...(accessTokens.prefix !== undefined && { accessTokenPrefix: accessTokens.prefix }),
    ...(refreshTokens?.prefix !== undefined && { refreshTokenPrefix: refreshTokens.prefix }),
  })
  const base = dialect.issuer.replace(/\/$/, '')
  /** The codes whose grants have a refresh token. */
  const offline = new Set<string>()
  let refusal: DialectRefusal | undefined

  const toModel = (path: string, parameters: URLSearchParams, headers?: Headers) =>
    model.fetch(`${base}${path}`, { method: 'POST', body: parameters, ...(headers && { headers }) })

  /** Returns the refresh token of the grant of a valid access token. */
  function refreshTokenOf(accessToken: string): string {
    const { sub } = model.introspect(accessToken)
    return (sub === undefined ? undefined : model.grants.currentRefreshToken(sub)) ?? 'ended'
  }

  function isOffline(parameters: URLSearchParams): boolean {
    const { codeParameters = {}, exchange } = refreshTokens ?? {}
    const isComplete = Object.entries(codeParameters).every(([name, value]) => parameters.get(name) === value)
    return exchange === undefined && isComplete && offline.has(parameters.get('code') ?? '')
  }

  async function authorize({ parameters }: DialectRequest): Promise<Response> {
    const asked = (parameters.get('scope') ?? '').split(scopeSeparator)
    const unknown = dialect.scopes && asked.find((scope) => !dialect.scopes?.includes(scope))
    if (unknown !== undefined) return redirectWithError(parameters, 'invalid_scope')
    const forwarded = new URLSearchParams(parameters)
    forwarded.set('scope', asked.join(' '))
    if (redirectName && !useRedirectUrl(forwarded, redirectName))
      return Response.json({ error: 'invalid_request' }, { status: 400 })
    if (dialect.idTokens?.dropsNonce) forwarded.delete('nonce')
    const response = await model.fetch(`${base}/authorize?${forwarded}`)
    const target = new URL(response.headers.get('location') ?? 'about:blank')
    if (!dialect.metadata?.members?.['authorization_response_iss_parameter_supported'])
      target.searchParams.delete('iss')
    const isOfflineRequest =
      refreshTokens &&
      (refreshTokens.scope === undefined || asked.includes(refreshTokens.scope)) &&
      Object.entries(refreshTokens.parameters ?? {}).every(([name, value]) => parameters.get(name) === value)
    if (isOfflineRequest) offline.add(target.searchParams.get('code') ?? '')
    return response.status === 302 ? redirect(target) : response
  }

  async function token(request: DialectRequest): Promise<Response> {
    const { headers, parameters } = request
    const { method } = clientOf(request)
    if (method === 'none' || !dialect.clientAuthentication.includes(method))
      return Response.json({ error: 'invalid_client' }, { status: 401 })
    const isRefresh = parameters.get('grant_type') === (refreshTokens?.exchange ?? 'refresh_token')
    const hasRefreshUrl = dialect.endpoints.refresh !== undefined
    if (request.format !== format || (hasRefreshUrl && isRefresh !== (request.endpoint === 'refresh')))
      return Response.json({ error: 'invalid_request' }, { status: 400 })
    const forwarded = new URLSearchParams(parameters)
    if (redirectName && !isRefresh && !useRedirectUrl(forwarded, redirectName))
      return Response.json({ error: 'invalid_request' }, { status: 400 })
    if (isRefresh && refreshTokens?.exchange !== undefined) {
      forwarded.set('grant_type', 'refresh_token')
      forwarded.set('refresh_token', refreshTokenOf(forwarded.get(refreshTokens.exchange) ?? ''))
    }
    const scope = parameters.get('scope')
    if (scope !== null) forwarded.set('scope', scope.replaceAll(scopeSeparator, ' '))
    if (isRefresh && refusal) {
      const response = toResponse(refusal)
      refusal = undefined
      return response
    }
    const response = await toModel('/token', forwarded, onlyAuthorization(headers))
    const body = await response.json()
    if (!response.ok)
      return isRefresh && body.error === 'invalid_grant'
        ? toResponse(dialect.deadRefreshToken)
        : Response.json(body, { status: response.status })
    return shapeTokenResponse(dialect, body, {
      isRefresh,
      hasRefreshToken: isRefresh || isOffline(parameters),
      presented: parameters.get('refresh_token'),
      acceptsJson: headers.get('accept')?.includes('application/json') ?? false,
      secret: client.secret ?? '',
    })
  }

  const revoke = createRevoke(dialect, { client, sub: user.sub }, model, (parameters) =>
    toModel('/revoke', parameters),
  )

  async function userInfo({ method, headers }: DialectRequest): Promise<Response> {
    if (method !== (dialect.userInfoMethod ?? 'GET')) return new Response(null, { status: 405 })
    const response = await model.fetch(`${base}/userinfo`, { headers: toBearer(headers, dialect) })
    if (!response.ok) return response
    const claims = await response.json()
    const names = Object.entries(dialect.userInfo ?? {})
    return Response.json(
      names.length === 0
        ? claims
        : nestMembers(Object.fromEntries(names.map(([path, claim]) => [path, claims[claim]]))),
    )
  }

  function endSession({ parameters }: DialectRequest): Response {
    const { required, returnParameter } = dialect.endSession ?? {
      required: ['post_logout_redirect_uri', 'client_id'],
      returnParameter: 'post_logout_redirect_uri',
    }
    const missing = required.find((name) => !parameters.has(name))
    if (missing !== undefined) return new Response(`The parameter ${missing} is missing`, { status: 400 })
    const target = new URL(parameters.get(returnParameter) ?? '')
    const state = parameters.get('state')
    if (state !== null) target.searchParams.set('state', state)
    return redirect(target)
  }

  const handlers: Record<
    DialectRequest['endpoint'],
    (request: DialectRequest) => Response | Promise<Response>
  > = {
    metadata: () => Response.json(metadataOf(dialect)),
    jwks: () => model.fetch(`${base}/jwks`),
    authorize,
    token,
    refresh: token,
    revoke,
    userInfo,
    endSession,
  }

  async function fetch(request: Request): Promise<Response> {
    const arrival = await toDialectRequest(dialect, request)
    if (arrival) return handlers[arrival.endpoint](arrival)
    return (await options.elsewhere?.(request)) ?? new Response(null, { status: 404 })
  }

  return {
    model,
    fetch,
    async listen() {
      // The path of a request is the URL that it is meant for.
      const { url, close } = await listen((request) =>
        fetch(new Request(request.url.slice(new URL(request.url).origin.length + 1), request)),
      )
      return {
        async fetch(input, init) {
          const { url: target, ...request } =
            input instanceof Request ? await toInit(input) : { url: String(input) }
          return globalThis.fetch(`${url}/${target}`, { ...request, ...init, redirect: 'manual' })
        },
        close,
      }
    },
    refuseNextRefresh(next) {
      refusal = next
    },
  }
}

async function toInit(request: Request): Promise<RequestInit & { readonly url: string }> {
  const { url, method, headers, body } = request
  return { url, method, headers, ...(body && { body: await request.arrayBuffer() }) }
}

/** Converts the header of the API to that of the model. */
function toBearer(
  headers: Headers,
  { apiHeader = { name: 'authorization', prefix: 'Bearer ' } }: Dialect,
): Headers {
  const value = headers.get(apiHeader.name) ?? ''
  return new Headers(
    value.startsWith(apiHeader.prefix)
      ? { authorization: `Bearer ${value.slice(apiHeader.prefix.length)}` }
      : {},
  )
}

/** Replaces the name in a request by the URL. Returns whether the request has this name. */
function useRedirectUrl(
  parameters: URLSearchParams,
  { name, url }: NonNullable<Dialect['redirectName']>,
): boolean {
  const isNamed = parameters.get('redirect_uri') === name
  parameters.set('redirect_uri', url)
  return isNamed
}

function onlyAuthorization(headers: Headers): Headers {
  const authorization = headers.get('authorization')
  return new Headers(authorization === null ? {} : { authorization })
}

function toResponse({ status, body }: DialectRefusal): Response {
  return body ? Response.json(body, { status }) : new Response(null, { status })
}

function redirect(target: URL): Response {
  return new Response(null, { status: 302, headers: { location: target.href } })
}

function redirectWithError(parameters: URLSearchParams, error: string): Response {
  const target = new URL(parameters.get('redirect_uri') ?? '')
  target.searchParams.set('error', error)
  target.searchParams.set('state', parameters.get('state') ?? '')
  return redirect(target)
}
