import { registeredError } from '../../rules/refresh/classify.ts'
import { omitUndefined } from '../../rules/members.ts'
import type { RedactedCause } from '../../vocabulary/index.ts'

/** Reduces a foreign error to its name, code, OAuth `error` and status, because its text might contain a credential. */
export function redact(error: unknown): RedactedCause {
  if (typeof error !== 'object' || error === null) return { name: typeof error }
  const { name, code, error: oauthError, status, cause } = error as Record<string, unknown>
  const { code: inner } = Object(cause) as Record<string, unknown>
  return omitUndefined({
    name: isIdentifier(name) ? name : 'Error',
    code: [code, inner].find(isIdentifier),
    error: registeredError(oauthError),
    status: typeof status === 'number' ? status : undefined,
  })
}

/** Matches names and codes in the usual format. They are long enough to be useful, and too short to be credentials. */
const IDENTIFIER = /^(?:[A-Z][A-Za-z]{0,39}|(?=.{1,48}$)[A-Z0-9]{1,16}(?:_[A-Z0-9]{1,16})*)$/

function isIdentifier(value: unknown): value is string {
  return typeof value === 'string' && IDENTIFIER.test(value)
}
