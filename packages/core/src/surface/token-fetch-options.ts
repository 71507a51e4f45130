import type { TokenFetch } from '../handlers/calls/token-fetch.ts'
import type { TokenParameters } from '../model/token-parameters.ts'
import {
  type Checked,
  checkAll,
  flag,
  hook,
  listOf,
  type OptionTable,
  TOKEN_PARAMETERS,
  url,
} from './checks.ts'

/** The settings of a token fetch: which URLs get the token, and which token they get. */
export interface TokenFetchOptions extends TokenParameters {
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

/** The checked options. */
export type TokenFetchValues = Checked<TokenFetchOptions, keyof TokenParameters | 'baseUrl' | 'fetch'>

const TOKEN_FETCH_OPTIONS: OptionTable<TokenFetchValues> = {
  ...TOKEN_PARAMETERS,
  baseUrl: [url],
  allowedUrls: [listOf(url), []],
  fetch: [hook],
  throwTokenErrors: [flag, false],
}

/** @throws {ConfigurationError} If an option is unknown or invalid. */
export function checkTokenFetchOptions(options: TokenFetchOptions): TokenFetchValues {
  return checkAll<TokenFetchValues>(TOKEN_FETCH_OPTIONS, options)
}
