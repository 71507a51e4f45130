import type { Client, IncomingRequest } from './model.ts'
import { Refusal } from './refusal.ts'

interface Credentials {
  readonly id: string
  readonly secret?: string
}

/** `client_secret_basic`, `client_secret_post` or, for a client without a secret, `none`. */
export function authenticateClient(clients: readonly Client[], request: IncomingRequest): Client {
  const { id, secret } = credentialsOf(request)
  const client = clients.find((candidate) => candidate.id === id)
  if (!client || client.secret !== secret) {
    throw new Refusal('invalid_client', 'The client is unknown or its secret is wrong', 401)
  }
  return client
}

/** Returns the secret of a client, which is the key of `HS256`. */
export function clientSecret(clients: readonly Client[], clientId: string | null): string | undefined {
  return clients.find(({ id }) => id === clientId)?.secret
}

function credentialsOf({ headers, parameters }: IncomingRequest): Credentials {
  const id = parameters.get('client_id') ?? undefined
  const secret = parameters.get('client_secret') ?? undefined
  const basic = /^basic +(.+)$/i.exec(headers.get('authorization') ?? '')?.[1]
  if (basic === undefined) return { id: id ?? '', ...(secret !== undefined && { secret }) }
  if (secret !== undefined) throw new Refusal('invalid_request', 'The client authenticated in two ways')
  const credentials = fromBasic(basic)
  if (id !== undefined && id !== credentials.id) {
    throw new Refusal('invalid_request', 'The header and the form name different clients')
  }
  return credentials
}

/** RFC 6749 section 2.3.1: both halves are form-encoded before they are joined. */
function fromBasic(encoded: string): Credentials {
  try {
    const text = atob(encoded)
    const colon = text.indexOf(':')
    if (colon === -1) throw new Error('No colon')
    return { id: formDecode(text.slice(0, colon)), secret: formDecode(text.slice(colon + 1)) }
  } catch {
    throw new Refusal('invalid_client', 'The Authorization header cannot be read', 401)
  }
}

function formDecode(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '))
}
