import type { AuthorizationServer, Client, ClientAuth } from 'oauth4webapi'
import type { CustomRevocation } from '../../ports/dialect.ts'
import type { CustomTokenRequest } from '../../rules/protocol/token-request-form.ts'
import { customMechanismOf } from './custom-requests.ts'
import type { Http } from './http.ts'

/** A form for an endpoint at which the client authenticates. */
export interface AuthenticatedForm {
  readonly url: string
  /** Default: `POST` */
  readonly method?: string | undefined
  readonly form: URLSearchParams
  readonly authenticate: ClientAuth
  readonly metadata: AuthorizationServer
}

/** The client, and how its requests differ. */
interface RequestRules {
  readonly client: Client
  readonly tokenRequest?: CustomTokenRequest | CustomRevocation | undefined
}

/**
 * Sends a form with the authentication of the client (RFC 6749 §2.3), in the format of the server.
 *
 * @param send - Gets the final request, so that a proof which it adds is for the right method and URL.
 */
export async function sendForm(
  { url, method = 'POST', form, authenticate, metadata }: AuthenticatedForm,
  { client, tokenRequest }: RequestRules,
  send: Http,
): Promise<Response> {
  const body = new URLSearchParams(form)
  const headers = new Headers({
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
    // Some servers refuse requests without it, and Workers add none.
    'user-agent': 'evertoken',
  })
  await authenticate(metadata, client, body, headers)
  const request = { url, init: { method, body, headers: Object.fromEntries(headers) } }
  const { adapt } = customMechanismOf(tokenRequest as CustomTokenRequest) ?? {}
  const { url: target, init } = adapt?.(request, body, tokenRequest as CustomTokenRequest) ?? request
  return send(target, init)
}
