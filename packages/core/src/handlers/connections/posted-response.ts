import type { Seal } from '../../mechanisms/sessions/seal.ts'
import { redirectByPage } from '../responses.ts'

const FORM = 'form'

/**
 * Repeats a posted response as a request of this application. The form comes from another site, so the cookies of this application
 * are not sent with it. The code is encrypted, so that logs do not contain it.
 */
export async function repeatForm(form: URLSearchParams, redirectUri: string, seal: Seal): Promise<Response> {
  const sealed = await seal.seal({ [FORM]: form.toString() })
  return redirectByPage(`${redirectUri}?${new URLSearchParams({ [FORM]: sealed })}`)
}

/** Returns the authorization response in a query, which is encrypted if it was posted. */
export async function readResponseParameters(query: URLSearchParams, seal: Seal): Promise<URLSearchParams> {
  const sealed = query.get(FORM)
  if (sealed === null) return query
  const opened = await seal.unseal(sealed)
  const { [FORM]: form } = Object('value' in opened && opened.value) as { readonly [FORM]?: unknown }
  return new URLSearchParams(typeof form === 'string' ? form : '')
}
