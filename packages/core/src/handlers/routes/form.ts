import { readText } from '../../mechanisms/protocol/http.ts'
import { EvertokenError } from '../../vocabulary/index.ts'

const FORM_BYTES = 65_536
const FORM = /^application\/x-www-form-urlencoded\s*(?:;|$)/i

/**
 * Reads a posted form. Resolves to `undefined` for any other body, and for more than 64 KiB.
 *
 * @throws {ConfigurationError} If another function has read the body. The adapter for Node reports that.
 */
export async function readForm(request: Request): Promise<URLSearchParams | undefined> {
  const { method, headers } = request
  if (method !== 'POST' || !FORM.test(headers.get('content-type') ?? '')) return undefined
  return readText(request, FORM_BYTES).then(
    (text) => new URLSearchParams(text),
    (error: unknown) => {
      if (error instanceof EvertokenError) throw error
      return undefined
    },
  )
}
