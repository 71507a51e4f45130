import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readLoginRequest } from '../../../src/rules/sign-in/login-request.ts'
import { readStepUp, stepUpQuery } from '../../../src/rules/calls/step-up.ts'

const CLAIMS = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}'
const AUTHENTICATION = 'Bearer error="insufficient_user_authentication"'

describe('a step-up challenge', () => {
  it.each([
    [
      'S19: a stronger sign-in',
      `${AUTHENTICATION}, error_description="x", acr_values="phr mfa"`,
      { error: 'insufficient_user_authentication', acrValues: 'phr mfa' },
      'acr_values=phr+mfa&returnTo=%2Fhere',
    ],
    [
      'S19: a fresher sign-in',
      `${AUTHENTICATION}, max_age="5"`,
      { error: 'insufficient_user_authentication', maxAge: 5 },
      'max_age=5&returnTo=%2Fhere',
    ],
    [
      'S19: any other sign-in',
      AUTHENTICATION,
      { error: 'insufficient_user_authentication' },
      'prompt=login&returnTo=%2Fhere',
    ],
    [
      'S19: more scope, with DPoP',
      'Basic realm="x", DPoP algs="ES256", error="insufficient_scope", scope="a b"',
      { error: 'insufficient_scope', scope: 'a b' },
      'scope=a+b&returnTo=%2Fhere',
    ],
    [
      'S19: other claims (Entra ID), in base64url',
      `Bearer realm="", error="insufficient_claims", claims="${btoa(CLAIMS).replaceAll('=', '')}"`,
      { error: 'insufficient_claims', claims: CLAIMS },
      `${new URLSearchParams({ claims: CLAIMS, returnTo: '/here' })}`,
    ],
    ...[
      '',
      btoa('[]'),
      btoa('{"access_token":1}'),
      btoa('{"access_token":{},"id_token":{}}'),
      btoa('{"access_token":\n{}}'),
      btoa(JSON.stringify({ access_token: { a: 'x'.repeat(2048) } })),
      '*',
    ].map(
      (encoded) =>
        [
          `S19: claims that no login can pass on: ${encoded.slice(0, 40)}`,
          `Bearer error="insufficient_claims", claims="${encoded}"`,
          { error: 'insufficient_claims' },
          undefined,
        ] as const,
    ),
    [
      'S19: more scope, but not which',
      'Bearer error="insufficient_scope"',
      { error: 'insufficient_scope' },
      undefined,
    ],
  ] as const)('%s', (_what, header, challenge, query) => {
    expect(readStepUp(header)).toEqual(challenge)
    expect(stepUpQuery(challenge, '/here')?.toString()).toBe(query)
  })

  it('leaves out what no login would pass on', () => {
    const odd = `${AUTHENTICATION}, acr_values="a  b", max_age="-1", scope="a\u00e4"`
    expect(readStepUp(odd)).toEqual({ error: 'insufficient_user_authentication' })
    expect(readStepUp(`${AUTHENTICATION}, acr_values="${'x'.repeat(600)}"`)).not.toHaveProperty('acrValues')
  })

  it.each([
    null,
    '',
    'Bearer',
    'Bearer error="invalid_token"',
    'Basic error="insufficient_scope"',
    'x'.repeat(20_000),
  ])('is not in %j', (header) => {
    expect(readStepUp(header)).toBeUndefined()
  })

  it('makes queries that the login route takes', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (acr, age, scope) => {
        const quoted = [acr, age, scope].map((text) => JSON.stringify(text))
        const challenge = readStepUp(
          `${AUTHENTICATION}, acr_values=${quoted[0]}, max_age=${quoted[1]}, scope=${quoted[2]}`,
        )
        const query = challenge && stepUpQuery(challenge)
        if (query) expect(readLoginRequest(query, new URLSearchParams(), ['scope'])).toBeTypeOf('object')
      }),
    )
  })
})
