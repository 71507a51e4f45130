import type { TokenParameters } from '../model/token-parameters.ts'
import type { ClientAuthentication } from '../ports/client-authentication.ts'
import type { SessionStore } from '../ports/session-store.ts'
import { type Checked, checkAll, invalid, type OptionTable } from './checks.ts'
import {
  authenticationOf,
  CLIENT_AUTHENTICATION_OPTIONS,
  type ClientAuthenticationOptions,
  withoutUnusedSecret,
} from './client-authentication.ts'
import type { ClientOptionMembers } from './client-options.ts'
import type { ServerProfile } from './server-profile.ts'
import { checkServer, PROFILE_NAMES, type ServerSettings } from './server-profile-checks.ts'
import { TOKEN_OPTIONS } from './token-option-checks.ts'
import { TOKEN_PARAMETERS } from './token-parameter-checks.ts'

type Members = ClientOptionMembers & {
  readonly issuer?: string
  readonly server?: ServerProfile
  readonly store?: SessionStore
  readonly encryptionSecret?: string | readonly string[]
}
type Values = Checked<
  Members,
  | 'issuer'
  | 'server'
  | 'store'
  | 'encryptionSecret'
  | 'onEvent'
  | 'fetch'
  | 'clock'
  | keyof ClientAuthenticationOptions
  | keyof TokenParameters
>

const OPTIONS: OptionTable<Values> = {
  ...CLIENT_AUTHENTICATION_OPTIONS,
  ...TOKEN_PARAMETERS,
  issuer: TOKEN_OPTIONS.issuer,
  server: TOKEN_OPTIONS.server,
  clientId: TOKEN_OPTIONS.clientId,
  insecureHosts: TOKEN_OPTIONS.insecureHosts,
  store: [TOKEN_OPTIONS.store[0]],
  encryptionSecret: [TOKEN_OPTIONS.encryptionSecret[0]],
  refreshBeforeExpirySeconds: TOKEN_OPTIONS.refreshBeforeExpirySeconds,
  serverTimeoutSeconds: TOKEN_OPTIONS.serverTimeoutSeconds,
  storeTimeoutSeconds: TOKEN_OPTIONS.storeTimeoutSeconds,
  onEvent: TOKEN_OPTIONS.onEvent,
  fetch: TOKEN_OPTIONS.fetch,
  clock: TOKEN_OPTIONS.clock,
}

/** The checked options of a service without users. */
export interface ClientSettings {
  readonly values: Values
  readonly profile: ServerSettings
  readonly authentication: ClientAuthentication
}

/**
 * Checks the options of `createClientTokens`.
 *
 * @param prefix - Where the options are, for the message.
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 */
export function checkClientOptions(options: object, prefix = ''): ClientSettings {
  const values = checkAll<Values>(OPTIONS, withoutUnusedSecret(options), prefix, PROFILE_NAMES)
  checkShared(values)
  const profile = checkServer(values, prefix)
  return { values, profile, authentication: authenticationOf(values, profile) }
}

function checkShared({ store, encryptionSecret }: Values): void {
  if (store !== undefined && encryptionSecret === undefined)
    throw invalid('encryptionSecret', 'is missing. It encrypts the tokens in the store')
  if (store === undefined && encryptionSecret !== undefined)
    throw invalid('store', 'is missing. Without it, tokens stay in memory: remove `encryptionSecret`')
}
