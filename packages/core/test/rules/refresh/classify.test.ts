import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { classifyRefusal, registeredError } from '../../../src/rules/refresh/classify.ts'

const misconfigured = [
  'invalid_client',
  'unauthorized_client',
  'invalid_scope',
  'invalid_target',
  'unsupported_grant_type',
  'invalid_dpop_proof',
]

describe('classifyRefusal', () => {
  it.each([200, 400, 401, 403, 499])('a %d with invalid_grant rejects the refresh token', (status) => {
    expect(classifyRefusal(status, 'invalid_grant')).toBe('rejected')
    expect(classifyRefusal(status, 'bad_refresh_token')).toBe('rejected')
  })

  it.each(misconfigured)('%s never signs anyone out', (error) => {
    for (const status of [200, 400, 401]) expect(classifyRefusal(status, error)).toBe('misconfigured')
  })

  it.each([
    'invalid_request',
    'invalid_token',
    'access_denied',
    'server_error',
    'temporarily_unavailable',
    'x',
  ])('%s is inconclusive', (error) => {
    expect(classifyRefusal(400, error)).toBe('ambiguous')
  })

  it('429 and use_dpop_nonce: the refresh token was not used', () => {
    for (const error of [undefined, 'invalid_grant', 'invalid_client', 'slow_down']) {
      expect(classifyRefusal(429, error)).toBe('not_processed')
    }
    expect(classifyRefusal(400, 'use_dpop_nonce')).toBe('not_processed')
    expect(classifyRefusal(401, 'use_dpop_nonce')).toBe('not_processed')
  })

  it('S28: neither a redirect nor a broken server is a verdict, for any body', () => {
    const errors = ['invalid_grant', 'bad_refresh_token', ...misconfigured]
    for (const status of [0, 100, 199, 300, 307, 308, 399, 500, 501, 503, 599, 999]) {
      for (const error of errors) expect(classifyRefusal(status, error)).toBe('ambiguous')
    }
  })

  it('an error is a verdict under every 2xx, because some servers return it so', () => {
    for (const status of [200, 201, 202, 299]) {
      expect(classifyRefusal(status, 'bad_refresh_token')).toBe('rejected')
      expect(classifyRefusal(status, 'invalid_client')).toBe('misconfigured')
    }
  })

  it('without a registered error nothing ends a session', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), (status) => {
        expect(classifyRefusal(status, undefined)).toBe(status === 429 ? 'not_processed' : 'ambiguous')
      }),
    )
  })
})

describe('registeredError', () => {
  it.each([
    'invalid_grant',
    'bad_refresh_token',
    'invalid_request',
    'invalid_token',
    'access_denied',
    'server_error',
    'temporarily_unavailable',
    'unsupported_response_type',
    'unsupported_token_type',
    'use_dpop_nonce',
    'login_required',
    'interaction_required',
    'consent_required',
    'account_selection_required',
    'slow_down',
    ...misconfigured,
  ])('repeats %s', (error) => {
    expect(registeredError(error)).toBe(error)
  })

  it.each([
    undefined,
    null,
    7,
    '',
    'INVALID_GRANT',
    'invalid_grant ',
    ['invalid_grant'],
    'toString',
    'rt_secret',
  ])('repeats nothing like %j', (error) => {
    expect(registeredError(error)).toBeUndefined()
  })
})
