import { signInRequired } from '../handlers/problem.ts'
import { type TokenFetch, tokenFetch } from '../handlers/calls/token-fetch.ts'
import { withMutableHeaders } from '../mechanisms/calls/with-headers.ts'
import { type AllowedPrefix, parsePrefix } from '../rules/calls/allowed-urls.ts'
import { tokenKey, type TokenParameters } from '../model/token-parameters.ts'
import { SignInRequiredError } from '../vocabulary/index.ts'
import { createBearerCredential } from '../mechanisms/calls/bearer-credential.ts'
import type { BoundSession } from './bound-session.ts'
import {
  type Check,
  type Checked,
  checkAll,
  hook,
  invalid,
  listOf,
  oneOf,
  flag,
  type OptionTable,
  TOKEN_PARAMETERS,
  url,
} from './checks.ts'
import {
  connectClient,
  connectSource,
  isTokenSource,
  type SourceApplication,
  type TokenName,
  type TokenSource,
  type UserTokenName,
  type WhoseToken,
} from './token-source.ts'

/** The URLs that get the token, and the treatment of calls without a token. */
export interface CarryOptions {
  /** The base of relative URLs, below which the token is sent. */
  readonly baseUrl?: string
  /** Further URLs below which the token is sent. */
  readonly allowedUrls?: readonly string[]
  /** The `fetch` for the calls, such as a service binding. Default: the `fetch` of the runtime. */
  readonly fetch?: TokenFetch
  /**
   * Whether a call for which no token is available throws the typed error. Otherwise, it resolves to a 401 response.
   *
   * @default false
   */
  readonly throwTokenErrors?: boolean
}

/** The settings of a token fetch: which URLs get the token, and which token they get. Default `token`: `'user'`. */
export type TokenFetchOptions<Name extends TokenName = UserTokenName> = CarryOptions &
  (WhoseToken<Name> | (TokenParameters & { readonly token?: never }))

type Values = Checked<CarryOptions & TokenParameters, keyof TokenParameters | 'baseUrl' | 'fetch'> & {
  readonly token: TokenName | TokenSource
}

const OPTIONS: OptionTable<Values> = {
  ...TOKEN_PARAMETERS,
  baseUrl: [url],
  allowedUrls: [listOf(url), []],
  fetch: [hook],
  throwTokenErrors: [flag, false],
  token: [tokenCheck('user', 'client', 'user-or-client'), 'user'],
}

/**
 * @param outside - Finds the application for calls that need no session.
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 */
export function createBoundTokenFetch(
  bound: () => BoundSession,
  options: TokenFetchOptions<TokenName>,
  outside: Outside = outsideOf(bound),
): TokenFetch {
  const values = checkAll<Values>(OPTIONS, options)
  checkRequest(values)
  const urls = [values.baseUrl ?? [], values.allowedUrls].flat()
  const [first, ...others] = urls.map((each) => parsePrefix(each) as AllowedPrefix)
  if (!first) throw invalid('baseUrl', 'is missing: say where the token may be sent')
  const find = values.token === 'user' ? bound : outside.session
  const policy = { ...values, prefixes: [first, ...others] as const, fetch: holding(find, values.fetch) }
  const call = tokenFetch(tokenGetter(values.token, values as TokenParameters, bound, outside), policy)
  return async (input, init) => {
    const response = await call(input, init)
    find()?.fetched.add(response)
    return response
  }
}

/** @param names - The names that are allowed in place of a source. */
export function tokenCheck(...names: readonly string[]): Check {
  const isName = oneOf(...names)
  return (value) => {
    const problem = isTokenSource(value) ? undefined : isName(value)
    return problem && `${problem}, or a value from \`@evertoken/core/grants\``
  }
}

/** @throws {ConfigurationError} If there is a source and a request. The source contains its request. */
export function checkRequest(
  values: { readonly [Name in keyof TokenParameters | 'token']: unknown },
  prefix = '',
): void {
  if (!isTokenSource(values.token)) return
  const given = (['resource', 'scope', 'parameters'] as const).find((name) => values[name] !== undefined)
  if (given)
    throw invalid(
      prefix + given,
      'has no effect, because `token` is a value. Pass it to the function that creates `token`',
    )
}

/** The part of an application that calls without a session use. */
export interface Outside {
  application(): SourceApplication
  /** Returns the session of the request being handled, if there is one. */
  session(): BoundSession | undefined
}

/** Without a function that finds the application, only a session leads to it. */
export function outsideOf(bound: () => BoundSession): Outside {
  return { application: () => bound().application, session: bound }
}

type GetToken = Parameters<typeof tokenFetch>[0]

/** Creates the function that gets the token of each call. */
export function tokenGetter(
  token: TokenName | TokenSource,
  request: TokenParameters,
  bound: () => BoundSession,
  outside: Outside = outsideOf(bound),
): GetToken {
  const key = tokenKey(request)

  const ofUser: GetToken = async ({ rejected, signal }) => {
    const result = await bound().obtain({ key, request, rejected, signal })
    if (result.kind === 'sign_in') throw signInRequired(result.code)
    return createBearerCredential(result.token)
  }

  const ofSource: GetToken = async ({ rejected, signal }) => {
    const application = outside.application()
    const getToken =
      typeof token === 'object' ? connectSource(token, application) : connectClient(application)
    const keepAlive = outside.session()?.session.keepAlive
    return createBearerCredential(await getToken({ parameters: request, rejected, signal, keepAlive }))
  }

  if (token === 'user') return ofUser
  if (token !== 'user-or-client') return ofSource
  return async (demand) => {
    if (!outside.session()) return ofSource(demand)
    return ofUser(demand).catch((error: unknown) => {
      // A user whose refresh fails must not get the rights of the application.
      if (error instanceof SignInRequiredError && error.code === 'no_session') return ofSource(demand)
      throw error
    })
  }
}

/**
 * Wraps a `fetch`, by default the runtime's. If the runtime needs it, the API responses are kept until the request
 * ends.
 */
export function holding(find: () => BoundSession | undefined, fetch?: TokenFetch): TokenFetch {
  return async (input, init) => {
    const responses = find()?.responses
    const response = await (fetch ? fetch(input, init) : globalThis.fetch(input, init))
    return responses?.hold(response) ?? withMutableHeaders(response)
  }
}
