import { readText } from '../mechanisms/http.ts'

const FORM_BYTES = 65_536
const FORM = /^application\/x-www-form-urlencoded\s*(?:;|$)/i

/** Reads a posted form; `undefined` for anything else, and for more than 64 KiB. */
export async function readForm(request: Request): Promise<URLSearchParams | undefined> {
  if (request.method !== 'POST' || !FORM.test(request.headers.get('content-type') ?? '')) return undefined
  const text = await readText(request, FORM_BYTES).catch(() => undefined)
  return text === undefined ? undefined : new URLSearchParams(text)
}
