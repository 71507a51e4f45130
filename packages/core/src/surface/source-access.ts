import { type AccessToken, SignInRequiredError } from '../vocabulary/index.ts'
import { type CallOptions, readCall } from './call-options.ts'
import { invalid } from './checks.ts'
import { checkRequest } from './token-fetch-options.ts'
import {
  connectSource,
  isTokenSource,
  type SourceCall,
  type SourceContext,
  type TokenSource,
} from './token-source.ts'

/** The source of a token, and what the caller requires of the token. */
export interface SourceTokenOptions extends CallOptions {
  /** The source, such as `tokenExchange({ audience: 'billing' })`. It contains its request. */
  readonly token: TokenSource
}

/**
 * Gets a token from a source.
 *
 * @param call - How the source finds the user.
 * @returns The token, or `undefined` if a user must sign in.
 * @throws {ConfigurationError} If an option is unknown or invalid.
 */
export async function getSourceToken(
  options: SourceTokenOptions,
  application: SourceContext,
  call: Pick<SourceCall, 'find' | 'keepAlive'>,
): Promise<AccessToken | undefined> {
  const { token, ...rest } = Object(options) as SourceTokenOptions
  if (!isTokenSource(token)) throw invalid('token', 'must be a value from `@evertoken/core/grants`')
  const [parameters, demand] = readCall(rest)
  checkRequest({ ...parameters, token })
  try {
    return await connectSource(token, application)({ ...demand, ...call })
  } catch (error) {
    if (error instanceof SignInRequiredError) return undefined
    throw error
  }
}
