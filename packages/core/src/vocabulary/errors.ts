import type {
  ConfigurationCode,
  ErrorCode,
  OperatorCode,
  RefusedCode,
  SignInCode,
  TryLaterCode,
} from './error-codes.ts'

/** The safe part of a foreign error. It helps to diagnose the error and contains no credentials. */
export interface RedactedCause {
  /** The name of the foreign error, such as `TypeError`. */
  readonly name: string
  /** The code of the foreign error, such as `ECONNREFUSED`. */
  readonly code?: string
  /** The OAuth `error` member, if it is a registered one. */
  readonly error?: string
  /** The HTTP status of the response. */
  readonly status?: number
  /** The origin and the path of the URL of the request. The query is omitted, because it can contain a credential. */
  readonly url?: string
  /** Why Evertoken cannot use the response, such as a missing member. */
  readonly reason?: string
}

/** Further facts about a failure. */
export interface EvertokenErrorOptions {
  /** The error that caused the failure, without credentials. */
  readonly cause?: RedactedCause | undefined
  /** Seconds after which the same call may succeed. */
  readonly retryAfterSeconds?: number | undefined
}

/** The base of every error that this library throws. The class shows the remedy, and `code` shows the cause. */
export class EvertokenError<Code extends ErrorCode = ErrorCode> extends Error {
  // The name is a literal, because bundlers shorten the names of classes.
  /** The name of the class. Prefer it to `instanceof`, which fails if the package is installed twice. */
  override readonly name: string = 'EvertokenError'
  /** The reason for the failure. Each code has a page in the documentation. */
  readonly code: Code
  /** Seconds after which the same call may succeed. Present on temporary failures. */
  readonly retryAfterSeconds: number | undefined

  constructor(code: Code, message: string, options: EvertokenErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}

/** Marks the errors of all copies of this package. It is in the prototype, so that it is not printed. */
const BRAND = Symbol.for('evertoken.error')
Object.assign(EvertokenError.prototype, { [BRAND]: true })

/** Further facts about a user who must act. */
export interface SignInRequiredOptions extends EvertokenErrorOptions {
  /** Where the browser of the user must go. */
  readonly url?: string | undefined
  /** The scope that the user must grant, separated by spaces. */
  readonly missingScope?: string | undefined
}

/**
 * The user must sign in again. Redirect the browser to the login route.
 *
 * `getUserAccessToken` returns `undefined` in its place. A token fetch throws it with `throwTokenErrors: true`.
 */
export class SignInRequiredError extends EvertokenError<SignInCode> {
  /** The name of the class. */
  override readonly name = 'SignInRequiredError'
  /** Where the browser of the user must go: the connect route of a connection. `undefined` for the login route. */
  readonly url: string | undefined
  /** With the code `scope_missing`: the scope that the user has not granted, separated by spaces. */
  readonly missingScope: string | undefined

  constructor(code: SignInCode, message: string, options: SignInRequiredOptions = {}) {
    super(code, message, options)
    this.url = options.url
    this.missingScope = options.missingScope
  }
}

/**
 * Nothing is lost. The same call may succeed after `retryAfterSeconds`.
 *
 * The user stays signed in, so do not redirect to the login route. For a browser, respond with 503 and `Retry-After`.
 */
export class TryLaterError extends EvertokenError<TryLaterCode> {
  /** The name of the class. */
  override readonly name = 'TryLaterError'
  /** Seconds after which the same call may succeed. At least 1. */
  declare readonly retryAfterSeconds: number
}

/**
 * The configuration, the client registration or the calling code must be changed.
 *
 * Neither a retry nor a sign-in helps. Most of these errors occur at the start, when options are checked.
 */
export class ConfigurationError extends EvertokenError<ConfigurationCode> {
  /** The name of the class. */
  override readonly name = 'ConfigurationError'
}

/**
 * A part that the operator runs, such as the session store or the key service, is broken.
 *
 * Sessions are kept. Alert the operator. The same call succeeds when the part works again.
 */
export class OperatorError extends EvertokenError<OperatorCode> {
  /** The name of the class. */
  override readonly name = 'OperatorError'
}

/**
 * The request is refused because it is forged, replayed, or not for this application.
 *
 * The routes respond to it themselves, with 400 or 403, so your code rarely sees it.
 */
export class RequestRefusedError extends EvertokenError<RefusedCode> {
  /** The name of the class. */
  override readonly name = 'RequestRefusedError'
}

/** Every error that this library throws. `name` distinguishes the classes, and `code` has only the codes of its class. */
export type AnyEvertokenError =
  | SignInRequiredError
  | TryLaterError
  | ConfigurationError
  | OperatorError
  | RequestRefusedError

/**
 * Returns whether an error comes from Evertoken. Unlike `instanceof`, it also recognizes errors of another copy of the
 * package.
 *
 * @param error - The value of a `catch` clause. It can be anything.
 * @returns Whether it is one of the five classes. TypeScript then checks that a `switch (error.name)` handles all of them.
 * @example
 *   try {
 *     await auth.getUserAccessToken()
 *   } catch (error) {
 *     if (!isEvertokenError(error) || error.name !== 'TryLaterError') throw error
 *     console.log(`Try again in ${error.retryAfterSeconds} seconds.`)
 *   }
 */
export function isEvertokenError(error: unknown): error is AnyEvertokenError {
  return (Object(error) as { readonly [BRAND]?: true })[BRAND] === true
}
