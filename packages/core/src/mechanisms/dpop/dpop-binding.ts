import type { ProofKey } from '../../model/proof-key.ts'
import type { Credential, TokenlessRequest } from '../../ports/credential.ts'
import type { TokenBinding } from '../../ports/token-binding.ts'
import { rejectsToken } from '../../rules/calls/authentication-challenge.ts'
import {
  isApiNonceError,
  isTokenNonceError,
  proofClaims,
  type ProofFacts,
} from '../../rules/protocol/dpop.ts'
import type { AuthorizationHeaders, AuthorizedRequest } from '../../vocabulary/index.ts'
import { copyRequestBody } from '../calls/body-copy.ts'
import { addHeaders, discardBody } from '../calls/with-headers.ts'
import type { ConstraintContext } from '../protocol/sender-constraint.ts'
import { createBoundedMap } from '../runtime/bounded-map.ts'
import { randomId, sha256 } from '../runtime/digest.ts'
import { createNonces } from './nonces.ts'
import { createProofSigner, type ProofAlgorithm } from './proof-signer.ts'

/** The pause after a server has asked for a nonce again, in seconds. No retry waits that long. */
const LOOP_PAUSE_SECONDS = 5
/** The number of tokens whose hashes this process remembers. */
const MAX_HASHES = 1000

/** The options of a token request, as oauth4webapi passes them. */
interface TokenRequestInit {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Binds tokens to keys with DPoP (RFC 9449). */
export function createDpopBinding(
  algorithm: ProofAlgorithm,
  { clock, serverClock }: ConstraintContext,
): TokenBinding {
  const signer = createProofSigner(algorithm)
  // One server can be both, with two kinds of nonces.
  const serverNonces = createNonces()
  const apiNonces = createNonces()
  const tokenHashes = createBoundedMap<string, string>(MAX_HASHES)

  /** Signs a proof for one request. */
  function prove(key: ProofKey, facts: Omit<ProofFacts, 'id' | 'now'>): Promise<string> {
    const { server, wall } = serverClock.read()
    return signer.sign(key, proofClaims({ ...facts, id: randomId(), now: server ?? wall }))
  }

  async function hashOf(token: string): Promise<string> {
    const known = tokenHashes.get(token)
    if (known !== undefined) return known
    const hash = await sha256(token)
    tokenHashes.set(token, hash)
    return hash
  }

  return {
    createKey: signer.createKey,
    adoptKey: signer.adoptKey,
    thumbprint: signer.thumbprint,
    async sendTokenRequest(key, send, request, resendWithinMs) {
      const sendWithProof: typeof send = async (address, init: TokenRequestInit = {}) => {
        const url = new URL(address)
        const dpop = await prove(key, { url, method: init.method ?? 'GET', nonce: serverNonces.get(url) })
        const response = await send(address, { ...init, headers: { ...init.headers, dpop } })
        serverNonces.observe(url, response.headers)
        return response
      }
      const [startedAt, startedAtWall] = [clock.elapsed(), clock.now()]
      const response = await request(sendWithProof)
      if (!(await isNonceError(response))) return response
      // The monotonic clock stops while the machine is suspended.
      const passedMs = Math.max(clock.elapsed() - startedAt, (clock.now() - startedAtWall) * 1000)
      if (passedMs > resendWithinMs) return response
      const repeated = await request(sendWithProof)
      // No caller sends it again in this time, whatever the server asks for.
      if (await isNonceError(repeated)) repeated.headers.set('retry-after', `${LOOP_PAUSE_SECONDS}`)
      return repeated
    },
    credential({ value: token }, key): Credential {
      async function authorize({ url, method }: AuthorizedRequest): Promise<AuthorizationHeaders> {
        const tokenHash = await hashOf(token)
        const dpop = await prove(key, { url, method, tokenHash, nonce: apiNonces.get(url) })
        return { authorization: `DPoP ${token}`, dpop }
      }

      /** Resolves to the response, and to whether the API asks for a nonce. */
      async function sendOnce({ fetch, target, init, hop }: TokenlessRequest) {
        const url = new URL(hop.href)
        init.headers = addHeaders(init.headers, await authorize({ url, method: hop.method }))
        const response = await fetch(target, init)
        apiNonces.observe(url, response.headers)
        return { response, needsNonce: isApiNonceError(response) }
      }

      return {
        token,
        authorize,
        async send(request) {
          const { first, repeat } = withRepeatableBody(request)
          const { response, needsNonce } = await sendOnce(first)
          const again = needsNonce && repeat()
          if (!again) return response
          discardBody(response.body)
          return (await sendOnce(again)).response
        },
        readResponse: (response) => (rejectsToken(response) ? 'retry' : 'done'),
      }
    },
  }
}

/**
 * Copies a stream while it is sent, because the first request to an API has no nonce.
 *
 * @returns The request to send, and a function that returns it once more. `undefined`: its body cannot be sent again.
 */
function withRepeatableBody(request: TokenlessRequest): {
  readonly first: TokenlessRequest
  readonly repeat: () => TokenlessRequest | undefined
} {
  const { init, hop } = request
  if (hop.body !== 'spent') return { first: request, repeat: () => request }
  const holder = init.body ? new Response(init.body) : undefined
  const copy = request.copy ?? (holder && copyRequestBody(holder, hop))
  const first = holder ? { ...request, init: { ...init, body: holder.body } } : request
  const repeat = () => {
    const body = copy?.take()
    return body && { ...request, target: hop.href, init: { ...init, body } }
  }
  return { first, repeat }
}

async function isNonceError(response: Response): Promise<boolean> {
  if (response.ok) return false
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined)
  return isTokenNonceError(response.headers, body)
}
