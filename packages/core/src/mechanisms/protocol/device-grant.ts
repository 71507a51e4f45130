import type { ProofKey } from '../../model/proof-key.ts'
import type { SignInGrant } from '../../ports/authorization-server.ts'
import {
  type DeviceAuthorization,
  readDeviceAuthorization,
  readPollRefusal,
} from '../../rules/protocol/device-authorization.ts'
import type { ServerAddresses } from '../../rules/protocol/server-addresses.ts'
import { retryAfterSeconds } from '../../rules/protocol/time-headers.ts'
import { ConfigurationError, OperatorError, TryLaterError } from '../../vocabulary/index.ts'
import { shownUrl } from '../runtime/redact.ts'
import type { Connection } from './connection.ts'
import { requireEndpoint } from './discovery.ts'
import { sendForm } from './form-request.ts'
import { signInError, tokenEndpointError } from './sign-in-errors.ts'
import type { ConnectedSignInServer } from './sign-in.ts'
import { readBody, requestTokens } from './token-request.ts'

/** The client of an authorization server that has the device grant. */
export interface DeviceClient {
  readonly connection: Connection
  readonly addresses: ServerAddresses
  readonly server: Pick<ConnectedSignInServer, 'requestScope' | 'acceptTokens'>
}

/**
 * Requests the codes of the device grant (RFC 8628 §3.1).
 *
 * @param parameters - The parameters of the request, such as `scope`.
 * @throws {TryLaterError | ConfigurationError | OperatorError | RequestRefusedError} If the server issues no codes.
 */
export async function requestDeviceCode(
  { connection, addresses, server }: DeviceClient,
  parameters: URLSearchParams,
  insecureHosts: readonly string[],
): Promise<DeviceAuthorization> {
  const { client, authenticator, fetchMetadata, http } = connection
  const metadata = await fetchMetadata()
  const endpoint = requireEndpoint(metadata, 'device_authorization_endpoint', addresses)
  const form = new URLSearchParams(parameters)
  const scope = form.get('scope')
  if (scope !== null) form.set('scope', server.requestScope(scope, metadata))
  try {
    const authenticate = await authenticator.request()
    form.set('client_id', client.client_id)
    const response = await sendForm({ url: endpoint, form, authenticate, metadata }, connection, http)
    const result = await readBody(response)
    if (!response.ok || hasError(result.body))
      throw tokenEndpointError({ ...result, grant: undefined, date: undefined })
    const codes = readDeviceAuthorization(result.body, insecureHosts)
    if ('wrong' in codes) throw codesMalformed(endpoint, codes.wrong)
    return codes
  } catch (error) {
    throw signInError(error)
  }
}

/** The result of a poll. */
export type PollResult =
  | { readonly grant: SignInGrant }
  | { readonly refusal: 'denied' | 'expired' }
  | { readonly wait: 'pending' | 'slow_down' | 'unreachable'; readonly retryAfterSeconds: number }

/**
 * Asks whether the user has decided (RFC 8628 §3.4).
 *
 * @param proofKey - The key that the tokens are bound to. All polls use the same one.
 * @throws {EvertokenError} If the server refuses the client or the device code, or its tokens are not valid.
 */
export async function pollDeviceCode(
  { connection, server }: DeviceClient,
  deviceCode: string,
  proofKey: ProofKey | undefined,
): Promise<PollResult> {
  const { authenticator, fetchMetadata, clock } = connection
  const metadata = await fetchMetadata()
  const result = await authenticator
    .request()
    .then((authenticate) => {
      const form = new URLSearchParams({ grant_type: DEVICE_GRANT, device_code: deviceCode })
      return requestTokens(form, authenticate, metadata, connection, { isSignIn: true, proofKey })
    })
    .catch(unlessTemporary)
  if (!result) return { wait: 'unreachable', retryAfterSeconds: 0 }
  const { response, body, grant } = result
  if (!grant?.accessToken && (!response.ok || hasError(body))) {
    const refusal = readPollRefusal(response.status, body)
    if (refusal === 'refused') throw tokenEndpointError(result)
    if (refusal === 'denied' || refusal === 'expired') return { refusal }
    const seconds = retryAfterSeconds(response.headers.get('retry-after'), clock.now()) ?? 0
    return { wait: refusal, retryAfterSeconds: seconds }
  }
  const accepted = server.acceptTokens(result, metadata, { proofKey, nonce: undefined })
  return { grant: await accepted.catch(rethrow) }
}

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

/** Ignores a failure of the network or of the key service, because the next poll can succeed. */
function unlessTemporary(error: unknown): undefined {
  const known = signInError(error)
  if (known instanceof TryLaterError || known instanceof OperatorError) return undefined
  throw known
}

function rethrow(error: unknown): never {
  throw signInError(error)
}

function hasError(body: unknown): boolean {
  return (Object(body) as { readonly error?: unknown }).error !== undefined
}

function codesMalformed(endpoint: string, member: string): ConfigurationError {
  const cause = { name: 'DeviceAuthorizationError', url: shownUrl(endpoint) }
  const message = `Cannot connect: \`${member}\` in the response of ${cause.url} is missing or cannot be used. Report it to the operator of the authorization server.`
  return new ConfigurationError('token_response_malformed', message, { cause })
}
