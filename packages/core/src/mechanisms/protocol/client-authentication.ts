/** How the client proves who it is (RFC 6749 §2.3). */
export type ClientAuthentication =
  | { readonly method: 'client_secret_basic' | 'client_secret_post'; readonly clientSecret: string }
  | { readonly method: 'none' }

/** Adds to a form who sends it, or returns headers that say so (RFC 6749 §2.3.1). */
export function authenticate(
  form: URLSearchParams,
  clientId: string,
  authentication: ClientAuthentication,
): Record<string, string> {
  if (authentication.method === 'client_secret_basic') {
    const credentials = `${formEncoded(clientId)}:${formEncoded(authentication.clientSecret)}`
    return { authorization: `Basic ${btoa(credentials)}` }
  }
  form.set('client_id', clientId)
  if (authentication.method === 'client_secret_post') form.set('client_secret', authentication.clientSecret)
  return {}
}

/** As a value in a form, which RFC 6749 asks for in a header, too (appendix B). */
function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1)
}
