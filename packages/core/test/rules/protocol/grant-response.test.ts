import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  findGrantProblem,
  grantError,
  isAboutGrant,
  issuedTypes,
  tokenTypeUrn,
  type TokenType,
} from '../../../src/rules/protocol/grant-response.ts'
import { classifyRefusal } from '../../../src/rules/refresh/classify.ts'

const names = ['access_token', 'id_token', 'refresh_token', 'jwt', 'saml2', 'urn:example:other'] as const
const type = fc.constantFrom<TokenType>(...names)

describe('findGrantProblem', () => {
  it('S13: a token of another type than the requested one is refused', () => {
    fc.assert(
      fc.property(type, type, (requested, issued) => {
        const body = { issued_token_type: tokenTypeUrn(issued) }
        const problem = findGrantProblem(body, undefined, { issuedTypes: issuedTypes(requested) })
        expect(problem).toBe(issued === requested ? undefined : 'issued_token_type_unexpected')
      }),
    )
  })

  it('S13: without a request for a type, only types that are used as access tokens are accepted', () => {
    const accepted = names.filter((issued) => {
      const body = { issued_token_type: tokenTypeUrn(issued) }
      return findGrantProblem(body, undefined, { issuedTypes: issuedTypes(undefined) }) === undefined
    })
    expect(accepted).toEqual(['access_token', 'jwt'])
  })

  it('S13: a missing type means an access token, so that it is never sent on as another token', () => {
    const problemOf = (requested?: TokenType) =>
      findGrantProblem({}, undefined, { issuedTypes: issuedTypes(requested) })
    expect([problemOf(), problemOf('access_token')]).toEqual([undefined, undefined])
    expect(problemOf('urn:example:other')).toBe('issued_token_type_unexpected')
  })

  it.each([
    ['a b', 'a', 'scope_not_granted'],
    ['a', 'a b', undefined],
    ['a', undefined, undefined],
    [undefined, 'a', undefined],
    ['api://x/.default', 'api://x/read', undefined],
  ])('the scope %j of a request for %j: %j', (scope, granted, problem) => {
    expect(findGrantProblem({}, granted, { scope })).toBe(problem)
  })
})

it.each([
  ['invalid_grant', true],
  ['invalid_request', true],
  ['invalid_target', true],
  ['invalid_scope', true],
  ['unsupported_grant_type', true],
  ['unauthorized_client', true],
  ['access_denied', true],
  ['something_else', true],
  ['invalid_client', false],
  ['interaction_required', false],
  ['temporarily_unavailable', false],
  ['use_dpop_nonce', false],
])('%s with 400 is about the grant: %s', (error, expected) => {
  expect(isAboutGrant(classifyRefusal(400, { error }), error)).toBe(expected)
})

it('the error of a refused grant shows only the error of the server', () => {
  const error = grantError('grant_refused', {
    name: 'TokenEndpointError',
    error: 'invalid_grant',
    status: 400,
  })
  expect(error).toMatchObject({ name: 'ConfigurationError', code: 'grant_refused' })
  expect(error?.message).toContain('`invalid_grant`')
  expect(grantError('authorization_server_unavailable', undefined)).toBeUndefined()
})
