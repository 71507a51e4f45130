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
  readonly init: {
    readonly method: string
    readonly headers: Readonly<Record<string, string>>
    readonly body?: string | URLSearchParams | undefined
  }
}

/**
 * Changes a standard request to that of a server.
 *
 * @param form - The parameters of the request. It is a copy, which the function can change.
 */
export type AdaptRequest<Profile> = (
  request: FormRequest,
  form: URLSearchParams,
  profile: Profile,
) => FormRequest

const REFRESH = 'refresh_token'

/** Converts a standard request, with all differences that a profile can have. */
export const toServerRequest: AdaptRequest<TokenRequestProfile> = (standard, form, profile) => {
  const { format, refreshParameters = {}, refreshGrantType, refreshTokenParameter } = profile
  const isRefresh = form.get('grant_type') === REFRESH
  const request = addCodeParameters(useRefreshUrl(standard, form, profile), form, profile)
  renameRefresh(form, refreshGrantType, refreshTokenParameter)
  if (isRefresh)
    for (const [name, value] of Object.entries(refreshParameters)) if (!form.has(name)) form.set(name, value)
  if (format === 'query') return inQuery(request, form)
  return format === 'json' ? inJson(request, form) : request
}

/** Adds the parameters of a sign-in. */
export const addCodeParameters: AdaptRequest<Pick<TokenRequestProfile, 'codeParameters'>> = (
  request,
  form,
  { codeParameters = {} },
) => {
  if (form.get('grant_type') === 'authorization_code')
    for (const [name, value] of Object.entries(codeParameters)) form.set(name, value)
  return request
}

/** Sends a refresh to its own URL. */
export const useRefreshUrl: AdaptRequest<Pick<TokenRequestProfile, 'refreshUrl'>> = (
  { url, init },
  form,
  { refreshUrl = url },
) => ({ url: form.get('grant_type') === REFRESH ? refreshUrl : url, init })

/** Writes a refresh with the names of a server. */
export function renameRefresh(
  form: URLSearchParams,
  grantType: string = REFRESH,
  tokenParameter: string = REFRESH,
): void {
  const token = form.get(REFRESH)
  if (token === null) return
  form.delete(REFRESH)
  form.set('grant_type', grantType)
  form.set(tokenParameter, token)
}

/** Writes the parameters in the URL of a GET request. */
export function inQuery({ url, init }: FormRequest, form: URLSearchParams): FormRequest {
  const separator = url.includes('?') ? '&' : '?'
  return withoutBody({ url: url + separator + String(form), init: { ...init, method: 'GET' } })
}

/** Sends no body. */
export function withoutBody({
  url,
  init: {
    method,
    headers: { 'content-type': _type, ...headers },
  },
}: FormRequest): FormRequest {
  return { url, init: { method, headers } }
}

/** Writes the parameters in a JSON body. A parameter that is repeated, such as `resource`, has a list of values. */
export function inJson({ url, init }: FormRequest, form: URLSearchParams): FormRequest {
  const members = Array.from(form.keys(), (name): [string, unknown] => {
    const values = form.getAll(name)
    return [name, values.length > 1 ? values : values[0]]
  })
  const headers = { ...init.headers, 'content-type': 'application/json' }
  return { url, init: { ...init, headers, body: JSON.stringify(Object.fromEntries(members)) } }
}
