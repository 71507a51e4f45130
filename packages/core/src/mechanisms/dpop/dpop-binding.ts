import type { ProofKey } from '../../model/proof-key.ts'
import type { Credential, TokenlessRequest } from '../../ports/credential.ts'
import type { TokenBinding } from '../../ports/token-binding.ts'
import { rejectsToken } from '../../rules/calls/authentication-challenge.ts'
import { isApiNonceError, isTokenNonceError, proofClaims } from '../../rules/protocol/dpop.ts'
import { copyRequestBody } from '../calls/body-copy.ts'
import { addHeaders, discardBody } from '../calls/with-headers.ts'
import type { ConstraintContext } from '../protocol/sender-constraint.ts'
import { createRecentMap } from '../runtime/bounded-map.ts'
import { sha256 } from '../runtime/digest.ts'
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
  const tokenHashes = createRecentMap<string, string>(MAX_HASHES)
  /** The number of calls that wait for a response. */
  let waiting = 0

  /** Signs a proof for one request. */
  function prove(
    key: ProofKey,
    url: URL,
    method: string,
    nonce: string | undefined,
    tokenHash?: string,
  ): Promise<string> {
    const { server, wall } = serverClock.read()
    const id = crypto.randomUUID()
    return signer.sign(
      key,
      proofClaims({ url, method, id, now: server ?? wall, nonce, tokenHash }),
      waiting > 0,
    )
  }

  async function hashToken(token: string): Promise<string> {
    const hash = await sha256(token)
    tokenHashes.set(token, hash)
    return hash
  }

  return {
    createKey: signer.createKey,
    adoptKey: signer.adoptKey,
    thumbprint: signer.thumbprint,
    async sendTokenRequest(key, send, request, resendWithinMs) {
      let isRepeatable = false
      const sendWithProof: typeof send = async (address, init: TokenRequestInit = {}) => {
        const url = new URL(address)
        const nonce = serverNonces.get(url)
        const dpop = await prove(key, url, init.method ?? 'GET', nonce)
        const response = await send(address, { ...init, headers: { ...init.headers, dpop } })
        const isRefused = await isNonceError(response)
        const hasNew = serverNonces.observe(url, response.headers, isRefused ? nonce : undefined)
        // Without a new nonce, a second request would be refused too.
        isRepeatable = isRefused && hasNew
        return response
      }
      const [startedAt, startedAtWall] = [clock.elapsed(), clock.now()]
      const response = await request(sendWithProof)
      if (!isRepeatable) return response
      // The monotonic clock stops while the machine is suspended.
      const passedMs = Math.max(clock.elapsed() - startedAt, (clock.now() - startedAtWall) * 1000)
      if (passedMs > resendWithinMs) return response
      const repeated = await request(sendWithProof)
      // No caller sends it again in this time, whatever the server asks for.
      if (isRepeatable) repeated.headers.set('retry-after', `${LOOP_PAUSE_SECONDS}`)
      return repeated
    },
    credential({ value: token }, key): Credential {
      const authorization = `DPoP ${token}`

      async function proveToken(url: URL, method: string, nonce: string | undefined): Promise<string> {
        const tokenHash = tokenHashes.get(token) ?? (await hashToken(token))
        return prove(key, url, method, nonce, tokenHash)
      }

      /** Resolves to the response, and to whether the API accepts the request with the nonce of its response. */
      async function sendOnce({ fetch, target, init, hop }: TokenlessRequest) {
        const url = new URL(hop.href)
        const nonce = apiNonces.get(url)
        const dpop = await proveToken(url, hop.method, nonce)
        init.headers = addHeaders(init.headers, { authorization, dpop })
        waiting++
        try {
          const response = await fetch(target, init)
          const isRefused = isApiNonceError(response)
          const hasNew = apiNonces.observe(url, response.headers, isRefused ? nonce : undefined)
          return { response, isRepeatable: isRefused && hasNew }
        } finally {
          waiting--
        }
      }

      return {
        token,
        async authorize({ url, method }) {
          return { authorization, dpop: await proveToken(url, method, apiNonces.get(url)) }
        },
        async send(request) {
          const { first, repeat } = withRepeatableBody(request)
          const { response, isRepeatable } = await sendOnce(first)
          const again = isRepeatable && repeat()
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
 * @returns The request to send, and a function that returns it again. `undefined`: its body cannot be sent again.
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

/** Whether the token endpoint asks for another nonce. */
async function isNonceError(response: Response): Promise<boolean> {
  if (response.ok) return false
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined)
  return isTokenNonceError(body)
}
