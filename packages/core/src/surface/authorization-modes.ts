import { conversionOf } from '../mechanisms/protocol/authorization-mode.ts'
import type { AuthorizationRequestMode, ResponseMode } from '../ports/authorization-mode.ts'
import { type Checked, must, type OptionTable } from './checks.ts'

/** The options for the authorization request and its response. */
export interface AuthorizationModeOptions {
  /**
   * How the authorization server sends its response. `form_post` works on https only.
   *
   * `form_post` keeps the code out of URLs and logs. Its login cookie has `SameSite=None`, because the form comes from another
   * site. Frameworks that refuse such forms must allow the callback route.
   *
   * `jarm()` of `@evertoken/core/authorization` requires a signed response.
   *
   * @default 'query'
   * @see {@link https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html Form Post Response Mode}
   */
  readonly responseMode?: 'query' | 'form_post' | ResponseMode
  /**
   * How the authorization request is sent: `par()`, `jar(key)` or `par(jar(key))` of `@evertoken/core/authorization`.
   *
   * @default in the URL that the browser opens
   */
  readonly authorizationRequest?: AuthorizationRequestMode
}

type Values = Checked<AuthorizationModeOptions, 'authorizationRequest'>

export const AUTHORIZATION_MODE_OPTIONS: OptionTable<Values> = {
  responseMode: [
    must(
      "be 'query', 'form_post' or `jarm()`",
      (value) => value === 'query' || value === 'form_post' || isMode(value, /jwt$/),
    ),
    'query',
  ],
  authorizationRequest: [must('be `par()` or `jar(key)`', (value) => isMode(value, /^[pj]ar/))],
}

/** Whether a value is from `@evertoken/core/authorization`, with a name like this. */
function isMode(value: unknown, name: RegExp): boolean {
  return conversionOf(value) !== undefined && name.test((value as ResponseMode).mode)
}

/** Returns the name of a response mode. */
export function nameOf(mode: Values['responseMode']): string {
  return typeof mode === 'string' ? mode : mode.mode
}
