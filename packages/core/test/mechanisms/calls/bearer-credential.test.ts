import { expect, it } from 'vitest'
import { createCredential } from '../../../src/mechanisms/calls/bearer-credential.ts'

it('never sends a token that is bound to a key without a proof', () => {
  const bound = { value: 'token', type: 'DPoP' }
  expect(() => createCredential(bound, undefined, undefined)).toThrow(/senderConstraint/)
  expect(() => createCredential(bound, { kty: 'EC' }, undefined)).toThrow(/senderConstraint/)
  expect(createCredential({ ...bound, type: 'Bearer' }, undefined, undefined).token).toBe('token')
})
