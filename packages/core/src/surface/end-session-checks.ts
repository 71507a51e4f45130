import { type Check, type Checked, checkAll, flag, must, type OptionTable, text } from './checks.ts'
import { urlWithQuery } from './profile-part-checks.ts'
import type { EndSessionProfile } from './server-metadata.ts'
import { TOKEN_PARAMETERS } from './token-parameter-checks.ts'

/** The checked description of the sign-out, with all defaults. */
export type EndSessionSettings = Checked<EndSessionProfile, 'url'>

const postLogoutParameter: Check = (value) =>
  text(value) ??
  must(
    'not be the name of another parameter of the URL, such as `client_id`',
    (name: string) => !/^(?:id_token_hint|logout_hint|client_id|state|ui_locales)$/.test(name),
  )(value)

const END_SESSION: OptionTable<EndSessionSettings> = {
  url: [urlWithQuery],
  parameters: [...TOKEN_PARAMETERS.parameters, {}],
  postLogoutParameter: [postLogoutParameter, 'post_logout_redirect_uri'],
  idTokenHint: [flag, true],
}

/** Checks the option `server.endSession`. */
export function checkEndSession(
  profile: EndSessionProfile,
  insecureHosts: readonly string[],
): EndSessionSettings {
  return checkAll(END_SESSION, profile, 'server.endSession.', [], insecureHosts)
}
