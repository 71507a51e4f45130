import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { classifyRefusal, registeredError } from '../../../src/rules/refresh/classify.ts'

const rejected = [
  'invalid_grant',
  'bad_refresh_token',
  'invalid_refresh_token',
  'invalid_token',
  'token_expired',
]
const userMustAct = [
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
  'unmet_authentication_requirements',
  'access_denied',
]
const misconfigured = [
  'invalid_client',
  'unauthorized_client',
  'invalid_scope',
  'invalid_target',
  'unsupported_grant_type',
  'invalid_dpop_proof',
]
const temporary = ['server_error', 'temporarily_unavailable', 'slow_down', 'internal_failure']
const known = [...rejected, ...userMustAct, ...misconfigured, ...temporary]
const DECISIONS = [200, 201, 400, 401, 403, 499]

/** Statuses with which the authorization server has decided nothing. */
const undecided = fc
  .integer({ min: 100, max: 599 })
  .filter((status) => (status < 200 || status >= 300) && (status < 400 || status >= 500))

describe('classifyRefusal', () => {
  it.each(rejected)('%s rejects the refresh token', (error) => {
    for (const status of DECISIONS) expect(classifyRefusal(status, { error })).toBe('rejected')
  })

  it.each(userMustAct)('%s needs the user, and ends no session', (error) => {
    for (const status of DECISIONS) expect(classifyRefusal(status, { error })).toBe('sign_in_required')
  })

  it.each(misconfigured)('%s never signs anyone out', (error) => {
    for (const status of DECISIONS) expect(classifyRefusal(status, { error })).toBe('misconfigured')
  })

  it.each(temporary)('%s passes, whatever its status is', (error) => {
    for (const status of DECISIONS) expect(classifyRefusal(status, { error })).toBe('ambiguous')
  })

  it.each(['consent_required', 'basic_action', 'message_only', 'user_password_expired', 'a_new_one'])(
    'invalid_grant with the suberror %s is about the user',
    (name) => {
      expect(classifyRefusal(400, { error: 'invalid_grant', suberror: name })).toBe('sign_in_required')
      expect(classifyRefusal(400, { error: 'invalid_grant', error_subtype: name })).toBe('sign_in_required')
    },
  )

  it.each(['', 'bad_token', 'token_expired'])(
    'invalid_grant with the suberror %j is about the token',
    (name) => {
      expect(classifyRefusal(400, { error: 'invalid_grant', suberror: name })).toBe('rejected')
    },
  )

  it('429 and use_dpop_nonce: the refresh token was not used', () => {
    for (const error of [undefined, 'invalid_grant', 'invalid_client', 'slow_down']) {
      expect(classifyRefusal(429, { error })).toBe('not_processed')
    }
    expect(classifyRefusal(400, { error: 'use_dpop_nonce' })).toBe('not_processed')
    expect(classifyRefusal(401, { error: 'use_dpop_nonce' })).toBe('not_processed')
  })

  it('S28: neither a redirect nor a broken server is a verdict, for any body', () => {
    const body = fc.oneof(fc.jsonValue(), fc.record({ error: fc.constantFrom(...known) }))
    fc.assert(
      fc.property(undecided, body, (status, each) => {
        expect(classifyRefusal(status, each)).toBe(
          (Object(each) as { error?: unknown }).error === 'use_dpop_nonce' ? 'not_processed' : 'ambiguous',
        )
      }),
    )
  })

  it('S28: without a known error, nothing ends a session, for any status and body', () => {
    const body = fc.oneof(
      fc.jsonValue(),
      fc.record({ error: fc.string(), ok: fc.boolean() }, { requiredKeys: [] }),
      fc.constant(undefined),
    )
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), body, (status, each) => {
        fc.pre(!known.includes((Object(each) as { error: string }).error))
        expect(['refused', 'ambiguous', 'not_processed']).toContain(classifyRefusal(status, each))
      }),
    )
  })

  it('a 4xx for an unknown reason is a refusal, except those that ask for a repetition', () => {
    const bodies = [undefined, {}, { error: 'x' }, { error: {} }, { error: 'invalid_request' }, []]
    for (const body of bodies) {
      for (const status of [400, 401, 403, 404, 422, 499])
        expect(classifyRefusal(status, body)).toBe('refused')
      for (const status of [408, 421, 425]) expect(classifyRefusal(status, body)).toBe('ambiguous')
    }
  })

  it('a 200 is a refusal only if its body shows an error', () => {
    for (const body of [{ ok: false }, { error: 'x' }, { error: { code: 190 } }])
      expect(classifyRefusal(200, body)).toBe('refused')
    for (const body of [undefined, {}, [], { ok: true }]) expect(classifyRefusal(200, body)).toBe('ambiguous')
  })
})

describe('the verdicts of a server', () => {
  it('have precedence, and the first one that matches decides', () => {
    const verdicts = [
      { is: ['unauthorized_client'], means: 'refresh_token_dead' },
      { is: ['access_denied', 'unauthorized_client'], means: 'misconfigured' },
    ] as const
    expect(classifyRefusal(403, { error: 'unauthorized_client' }, verdicts)).toBe('rejected')
    expect(classifyRefusal(403, { error: 'access_denied' }, verdicts)).toBe('misconfigured')
    expect(classifyRefusal(403, { error: 'invalid_grant' }, verdicts)).toBe('rejected')
  })

  it('compare any member, also in lists, and numbers and Booleans as text', () => {
    const means = 'refresh_token_dead'
    const matches = (member: string, value: string, body: unknown) =>
      classifyRefusal(400, body, [{ member, is: [value], means }]) === 'rejected'
    expect(matches('status', 'BAD_REFRESH_TOKEN', { status: 'BAD_REFRESH_TOKEN' })).toBe(true)
    expect(matches('errors.0.code', 'invalid', { errors: [{ code: 'invalid' }] })).toBe(true)
    expect(matches('error.code', '190', { error: { code: 190 } })).toBe(true)
    expect(matches('ok', 'false', { ok: false })).toBe(true)
    expect(matches('errors.1.code', 'invalid', { errors: [{ code: 'invalid' }] })).toBe(false)
    expect(matches('toString', 'invalid', {})).toBe(false)
    expect(matches('error.length', '1', { error: 'x' })).toBe(false)
    expect(matches('error', 'x', 'x')).toBe(false)
  })

  it.each([
    ['refresh_token_dead', 'rejected'],
    ['sign_in_required', 'sign_in_required'],
    ['misconfigured', 'misconfigured'],
    ['try_later', 'not_processed'],
  ] as const)('%s: %s', (means, refusal) => {
    expect(classifyRefusal(403, undefined, [{ status: 403, means }])).toBe(refusal)
    expect(classifyRefusal(400, undefined, [{ status: 403, means }])).toBe('refused')
  })

  it('concern other statuses than 2xx and 4xx only if they name them', () => {
    const [error, means] = ['dead', 'refresh_token_dead'] as const
    fc.assert(
      fc.property(fc.oneof(undecided, fc.constant(429)), (status) => {
        expect(classifyRefusal(status, { error }, [{ is: [error], means }])).not.toBe('rejected')
        expect(classifyRefusal(status, { error }, [{ status, is: [error], means }])).toBe('rejected')
      }),
    )
  })

  it('that do not match change nothing, for any status and body', () => {
    const verdicts = [{ status: 418, is: ['never'], means: 'refresh_token_dead' }] as const
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), fc.jsonValue(), (status, body) => {
        expect(classifyRefusal(status, body, verdicts)).toBe(classifyRefusal(status, body))
      }),
    )
  })
})

describe('registeredError', () => {
  it.each([
    'invalid_request',
    'unsupported_response_type',
    'unsupported_token_type',
    'use_dpop_nonce',
    ...known,
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
