/**
 * How requests with client authentication differ from the standard.
 *
 * @example
 *   const profile = { format: 'json' } // Notion
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3 RFC 6749, section 4.1.3: Access Token Request}
 */
export interface TokenRequestProfile {
  /**
   * Where the parameters are. `form` and `json`: in the body. `query`: in the URL of a GET request, which the logs of a server can
   * contain. Use it only if the server needs it.
   *
   * @default 'form'
   */
  readonly format?: 'form' | 'json' | 'query'
  /**
   * Further parameters of the request with the code of a sign-in.
   *
   * @default {}
   */
  readonly codeParameters?: Readonly<Record<string, string>>
  /**
   * Further parameters of a refresh. Those of a call have precedence.
   *
   * @default {}
   * @example
   *   const tokenRequest = { refreshParameters: { resource: 'https://api.example.com/' } }
   */
  readonly refreshParameters?: Readonly<Record<string, string>>
  /**
   * The URL of a refresh, if it is not the token endpoint.
   *
   * @default the token endpoint
   */
  readonly refreshUrl?: string
  /**
   * The `grant_type` of a refresh.
   *
   * @default 'refresh_token'
   */
  readonly refreshGrantType?: string
  /**
   * The name of the parameter with the refresh token.
   *
   * @default 'refresh_token'
   */
  readonly refreshTokenParameter?: string
}

declare const brand: unique symbol

/**
 * Token requests that differ from the standard, for `server.tokenRequest`. Only `customTokenRequest()` creates it.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3 RFC 6749, section 4.1.3: Access Token Request}
 */
export interface CustomTokenRequest extends TokenRequestProfile {
  readonly [brand]: true
}

/** A request with parameters: its URL, and the options for `fetch`. */
export interface FormRequest {
  readonly url: string
  readonly init: RequestInit
}

/** Converts a request of the standard, whose body is a form, to that of a server. */
export function toServerRequest({ url, init }: FormRequest, profile: TokenRequestProfile): FormRequest {
  const {
    codeParameters,
    refreshParameters,
    refreshUrl,
    refreshGrantType,
    refreshTokenParameter = REFRESH,
  } = profile
  const form = new URLSearchParams(init.body as URLSearchParams)
  const grantType = form.get('grant_type')
  if (grantType === 'authorization_code')
    for (const [name, value] of Object.entries(codeParameters ?? {})) form.set(name, value)
  if (grantType !== REFRESH) return inFormat({ url, init }, form, profile)
  const token = form.get(REFRESH) ?? ''
  form.delete(REFRESH)
  form.set('grant_type', refreshGrantType ?? REFRESH)
  form.set(refreshTokenParameter, token)
  for (const [name, value] of Object.entries(refreshParameters ?? {}))
    if (!form.has(name)) form.set(name, value)
  return inFormat({ url: refreshUrl ?? url, init }, form, profile)
}

const REFRESH = 'refresh_token'

/** Writes parameters in the format of a server. */
export function inFormat(
  { url, init }: FormRequest,
  form: URLSearchParams,
  { format }: Pick<TokenRequestProfile, 'format'>,
): FormRequest {
  const { body: _body, ...rest } = init
  const { 'content-type': _type, ...others } = Object.fromEntries(new Headers(init.headers))
  if (format === 'query') {
    const address = `${url}${url.includes('?') ? '&' : '?'}${form}`
    return { url: address, init: { ...rest, headers: others, method: 'GET' } }
  }
  if (format !== 'json') return { url, init: { ...init, body: form } }
  const headers = { ...others, 'content-type': 'application/json' }
  return { url, init: { ...rest, headers, body: JSON.stringify(toMembers(form)) } }
}

/** A parameter that is repeated, such as `resource`, has a list of values. */
function toMembers(form: URLSearchParams): Readonly<Record<string, string | readonly string[]>> {
  const members = Array.from(new Set(form.keys()), (name) => {
    const [value = '', ...others] = form.getAll(name)
    return [name, others.length > 0 ? [value, ...others] : value] as const
  })
  return Object.fromEntries(members)
}
