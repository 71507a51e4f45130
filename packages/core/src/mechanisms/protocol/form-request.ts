import type { AuthorizationServer, ClientAuth } from 'oauth4webapi'
import type { Connection } from './connection.ts'
import { customMechanismOf } from './custom-requests.ts'
import type { Http } from './http.ts'

/** A form for an endpoint at which the client authenticates. */
export interface AuthenticatedForm {
  readonly url: string
  readonly form: URLSearchParams
  readonly authenticate: ClientAuth
  readonly metadata: AuthorizationServer
}

/**
 * Sends a form with the authentication of the client (RFC 6749 §2.3), in the format of the server.
 *
 * @param send - Gets the final request, so that a proof which it adds is for the right method and URL.
 */
export async function sendForm(
  { url, form, authenticate, metadata }: AuthenticatedForm,
  { client, tokenRequest }: Pick<Connection, 'client' | 'tokenRequest'>,
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
  const adapted = tokenRequest && customMechanismOf(tokenRequest)?.adapt(send, tokenRequest)
  return (adapted ?? send)(url, { method: 'POST', body, headers: Object.fromEntries(headers) })
}
