import { checkNames, invalid } from '../checks.ts'
import type { SignInRegistration } from './registrations.ts'

type KeysOfUnion<Union> = Union extends object ? keyof Union : never

/** The names of all members. No other option of the application can be replaced, even if the object is a row of a database. */
export const REGISTRATION_OPTIONS: readonly KeysOfUnion<SignInRegistration>[] = [
  'issuer',
  'server',
  'clientId',
  'clientSecret',
  'clientAuthentication',
  'senderConstraint',
  'fetch',
  'scope',
  'resource',
  'authorizationParameters',
  'authorizationRequest',
  'responseMode',
  'authorizationDetails',
]

/** @throws {ConfigurationError} If it is not an object, or has members with other names. */
export function checkRegistration(
  registration: unknown,
  names: readonly string[] = REGISTRATION_OPTIONS,
): asserts registration is object {
  if (typeof registration !== 'object' || registration === null)
    throw invalid('registrations', 'must contain objects with `issuer` (or `server`) and `clientId`')
  checkNames(registration, names, '')
}
