import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Clock } from '@evertoken/core'
import { Failure } from '../verdict.ts'
import { createAuthorization } from './authorization.ts'
import { SERVER_CERTIFICATE, CLIENT_CERTIFICATE, CLIENT_FINGERPRINT } from './certificates.ts'
import { createClientChecks } from './client-checks.ts'
import type { Deviations } from './deviations.ts'
import { type Incoming, type Outgoing, readRequest, send } from './incoming.ts'
import { KEYS_WITH_DECOY, PUBLIC_KEYS } from './keys.ts'
import { metadataOf } from './metadata.ts'
import { createResource } from './resource.ts'
import { createTokens } from './tokens.ts'
import { ACCOUNTS_PATH, type Variant } from './variant.ts'

/** What a request was for. */
export type Kind =
  | 'discovery'
  | 'jwks'
  | 'par'
  | 'authorize'
  | 'token'
  | 'refresh'
  | 'userinfo'
  | 'resource'
  | 'unknown'

/** A request that arrived, and the status of its response. */
export interface Arrival {
  readonly kind: Kind
  readonly status: number
}

export interface FapiProvider {
  readonly issuer: string
  /** The URL of the resource, with the certificate of the client if tokens are bound to it. */
  readonly accountsUrl: string
  /** All requests, oldest first. */
  readonly log: readonly Arrival[]
  /** What was wrong with the requests of the client, in words. */
  readonly problems: readonly string[]
  close(): Promise<void>
}

/** What the endpoints share. */
export interface ProviderContext {
  readonly issuer: string
  readonly variant: Variant
  readonly deviations: Deviations
  readonly redirectUri: string
  readonly checks: ReturnType<typeof createClientChecks>
  /** The time, in whole seconds. */
  now(): number
  remark(text: string): void
}

type Endpoint = (request: Incoming) => Outgoing | Promise<Outgoing>

/** The endpoints that a client with a certificate must call at the alias. */
const AT_ALIAS = ['token', 'userinfo', ACCOUNTS_PATH]

/**
 * Starts the base provider of the FAPI plans on loopback, with these deviations.
 *
 * @param redirectUri - The registered one.
 */
export async function startFapiProvider(
  { variant, deviations }: Pick<ProviderContext, 'variant' | 'deviations'>,
  { redirectUri, remark }: Pick<ProviderContext, 'redirectUri' | 'remark'>,
  clock: Clock,
): Promise<FapiProvider> {
  const log: Arrival[] = []
  const problems: string[] = []
  const isBound = variant.senderConstraint === 'mtls'
  const plain = await listen(createServer(), 'http')
  const tls = isBound ? await listen(createServerWithCertificates(), 'https') : undefined
  const base = `/test/a/${randomUUID()}/`
  const issuer = plain.origin + base
  const aliasBase = (tls?.origin ?? `${plain.origin}/alias`) + base
  const now = () => Math.floor(clock.now())
  const checks = createClientChecks(issuer, now)
  const context: ProviderContext = { issuer, variant, deviations, redirectUri, checks, now, remark }
  const authorization = createAuthorization(context)
  const tokens = createTokens(context, authorization)
  const resource = createResource(context, tokens)
  const metadata = () => ({ status: 200, body: metadataOf(context, aliasBase) })
  const keys = deviations.decoyKeys ? KEYS_WITH_DECOY : PUBLIC_KEYS
  const endpoints: Readonly<Record<string, readonly [Kind, Endpoint]>> = {
    jwks: ['jwks', () => ({ status: 200, body: { keys } })],
    par: ['par', authorization.push],
    authorize: ['authorize', authorization.authorize],
    token: ['token', tokens.respond],
    userinfo: ['userinfo', resource.userInfo],
    [ACCOUNTS_PATH]: ['resource', resource.accounts],
  }

  function endpointOf({ url: { pathname } }: Incoming): readonly [Kind, Endpoint] {
    const isPlain = variant.clientType === 'plain_oauth'
    const ofOpenId = `${base}.well-known/openid-configuration`
    const ofOAuth = `/.well-known/oauth-authorization-server${base.slice(0, -1)}`
    if (pathname === (isPlain ? ofOAuth : ofOpenId)) return ['discovery', metadata]
    // A client that knows only the issuer looks here first.
    if (pathname === ofOpenId) return ['discovery', () => ({ status: 404 })]
    return endpoints[pathname.replace(base, '')] ?? ['unknown', () => fail(`the provider has no ${pathname}`)]
  }

  async function respond(message: IncomingMessage, origin: string): Promise<Outgoing> {
    const request = await readRequest(message, origin)
    const [kind, endpoint] = endpointOf(request)
    let response: Outgoing
    try {
      const needsAlias = isBound && AT_ALIAS.some((path) => request.url.pathname === base + path)
      if (needsAlias && request.certificate !== CLIENT_FINGERPRINT)
        fail(`${kind} was requested without the registered certificate`)
      response = await endpoint(request)
    } catch (error) {
      problems.push(error instanceof Failure ? error.message : String((error as Error).stack))
      response = { status: 400, body: { error: 'invalid_request' } }
    }
    const isRefresh = request.form.get('grant_type') === 'refresh_token'
    log.push({ kind: isRefresh ? 'refresh' : kind, status: response.status })
    return response
  }

  const listener =
    (origin: string): RequestListener =>
    (message, response) =>
      void respond(message, origin).then((outgoing) => send(response, outgoing))
  for (const each of [plain, tls]) each?.server.on('request', listener(each.origin))
  return {
    issuer,
    accountsUrl: (isBound ? aliasBase : issuer) + ACCOUNTS_PATH,
    log,
    problems,
    async close() {
      await stop(plain.server)
      if (tls) await stop(tls.server)
    },
  }
}

/** @throws {Failure} The client has done something wrong. */
function fail(problem: string): never {
  throw new Failure(problem)
}

function createServerWithCertificates(): Server {
  const { cert } = CLIENT_CERTIFICATE
  return createTlsServer({ ...SERVER_CERTIFICATE, ca: cert, requestCert: true, rejectUnauthorized: false })
}

async function listen(
  server: Server,
  scheme: string,
): Promise<{ readonly server: Server; readonly origin: string }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, origin: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}
