import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  type AnyEvertokenError,
  ConfigurationError,
  isEvertokenError,
  OperatorError,
  RequestRefusedError,
  SignInRequiredError,
  TryLaterError,
} from '../../src/index.ts'
import type * as Errors from '../../src/vocabulary/errors.ts'

const errors: readonly AnyEvertokenError[] = [
  new SignInRequiredError('no_session', 'message'),
  new TryLaterError('refresh_pending', 'message', { retryAfterSeconds: 1 }),
  new ConfigurationError('invalid_option', 'message'),
  new OperatorError('store_unavailable', 'message'),
  new RequestRefusedError('access_denied', 'message'),
]

describe('isEvertokenError', () => {
  it('recognizes all classes', () => {
    expect(errors.filter(isEvertokenError)).toEqual(errors)
  })

  it('recognizes the errors of another copy of the package, which `instanceof` does not', async () => {
    // Another query makes Vitest load the module again.
    const path = '../../src/vocabulary/errors.ts?copy'
    const copy = (await import(path)) as typeof Errors
    const error: unknown = new copy.TryLaterError('draining', 'message', { retryAfterSeconds: 1 })
    expect(error).not.toBeInstanceOf(TryLaterError)
    expect(isEvertokenError(error)).toBe(true)
  })

  it('refuses everything else', () => {
    const others = [
      undefined,
      null,
      'TryLaterError',
      0,
      {},
      new TypeError(),
      { name: 'TryLaterError', code: 'draining' },
    ]
    expect(others.filter(isEvertokenError)).toEqual([])
  })

  it('makes a switch over the names exhaustive, and narrows the code', () => {
    expect(errors.map(describeError)).toEqual([
      'no_session',
      'in 1 s',
      'invalid_option',
      'store_unavailable',
      'access_denied',
    ])
  })

  it('leaves no trace in a printed error', () => {
    expect(inspect(new OperatorError('store_unavailable', 'message'))).not.toContain('evertoken.error')
  })
})

/** Compiles only if all classes are handled. */
function describeError(error: unknown): string {
  if (!isEvertokenError(error)) throw error
  switch (error.name) {
    case 'SignInRequiredError':
      return error.code satisfies
        | 'no_session'
        | 'session_ended'
        | 'no_refresh_token'
        | 'refresh_token_refused'
        | 'login_required'
        | 'not_connected'
        | 'needs_reauthorization'
        | 'scope_missing'
    case 'TryLaterError':
      return `in ${error.retryAfterSeconds.toFixed()} s`
    case 'ConfigurationError':
    case 'OperatorError':
    case 'RequestRefusedError':
      return error.code
  }
}
