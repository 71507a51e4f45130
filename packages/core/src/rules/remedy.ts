import type { ErrorCode, EvertokenError } from '../vocabulary/index.ts'

/** The action that makes the next call succeed. Only `sign_in` may lead to the login route. */
export type Action = 'sign_in' | 'retry' | 'configure'

/** Evertoken has completed the response to a refused request, so that class asks for no action. */
const ACTIONS: Readonly<Record<string, Action>> = {
  SignInRequiredError: 'sign_in',
  TryLaterError: 'retry',
  OperatorError: 'retry',
  ConfigurationError: 'configure',
}

/** Calls in the wrong place. A response would hide them, and they fail for each user. */
const INCORRECT_CALLS: readonly ErrorCode[] = [
  'no_current_session',
  'async_context_missing',
  'session_read_only',
]

/** Returns the remedy for an error, or `undefined` if the caller has nothing to do. */
export function actionFor({ name, code }: Pick<EvertokenError, 'name' | 'code'>): Action | undefined {
  // The record stays unreadable until the secrets of all instances agree.
  return code === 'store_record_unreadable' ? 'configure' : ACTIONS[name]
}

/** Returns whether the code of the application caused an error, so that no user and no retry can help. */
export function isIncorrectCall({ code }: Pick<EvertokenError, 'code'>): boolean {
  return INCORRECT_CALLS.includes(code)
}
