import type { SessionStore } from '../ports/session-store.ts'
import { COOKIE_BUDGET_BYTES } from '../rules/sessions/cookie-budget.ts'
import { eventListeners } from './emitter.ts'
import {
  type Checked,
  mustHave,
  hook,
  hostNames,
  must,
  mustMatch,
  oneOf,
  type OptionTable,
  REQUIRED,
  seconds,
  secondsUpTo,
  text,
  url,
} from './checks.ts'
import { CLIENT_AUTHENTICATION_OPTIONS } from './client-authentication.ts'
import type { ServerProfile } from './server-profile.ts'
import type { TokenOptionMembers } from './token-options.ts'

/** The checked options, with all defaults. */
export type TokenValues = Checked<
  TokenOptionMembers & { readonly issuer?: string; readonly server?: ServerProfile },
  | 'issuer'
  | 'server'
  | 'clientSecret'
  | 'clientAuthentication'
  | 'senderConstraint'
  | 'baseUrl'
  | 'cookieName'
  | 'onEvent'
  | 'fetch'
  | 'clock'
>

const DAY_SECONDS = 86_400

const plainPath = must('have a path of letters, digits, `-._~` and single slashes', (baseUrl: string) =>
  /^(?:\/[\w\-.~]+)*\/?$/.test(new URL(baseUrl).pathname),
)
const hasMethods = mustHave('read', 'swap', 'remove')
const notEventual = must(
  'not be eventually consistent. Use the Durable Object store',
  ({ consistency }: SessionStore) => consistency !== 'eventual',
)

/** Longer than any caller waits. A larger number is probably in milliseconds. */
const timeoutSeconds = secondsUpTo(300)

/** Room for pending logins and for a small session. */
const MIN_COOKIE_BYTES = 4096
/** Four cookies of a session, and pending logins. By default, Node accepts 16,384 bytes for all headers. */
const MAX_COOKIE_BYTES = 16_384
const cookieHeaderBytes = must(
  `be a whole number of bytes from ${MIN_COOKIE_BYTES} to ${MAX_COOKIE_BYTES}`,
  (value: number) => Number.isInteger(value) && value >= MIN_COOKIE_BYTES && value <= MAX_COOKIE_BYTES,
)

export const TOKEN_OPTIONS: OptionTable<TokenValues> = {
  issuer: [text],
  server: [must('be an object with an `issuer`', (server: unknown) => Object(server) === server)],
  clientId: [text, REQUIRED],
  ...CLIENT_AUTHENTICATION_OPTIONS,
  encryptionSecret: [
    must('be 32 random characters or more, or a list of such', (secret) => areSecrets([secret].flat())),
    REQUIRED,
  ],
  insecureHosts: [hostNames, []],
  baseUrl: [(value, hosts) => url(value, hosts) ?? plainPath(value)],
  store: [(value) => hasMethods(value) ?? notEventual(value), REQUIRED],
  cookieName: [mustMatch('be 1 to 64 letters, digits, "-" or "_"', /^[\w-]{1,64}$/)],
  maxCookieBytes: [cookieHeaderBytes, COOKIE_BUDGET_BYTES],
  sameSite: [oneOf('Lax', 'Strict'), 'Lax'],
  idleTimeoutSeconds: [seconds, DAY_SECONDS],
  absoluteTimeoutSeconds: [seconds, 30 * DAY_SECONDS],
  refreshBeforeExpirySeconds: [seconds, 60],
  serverTimeoutSeconds: [timeoutSeconds, 10],
  storeTimeoutSeconds: [timeoutSeconds, 5],
  onEvent: [eventListeners],
  fetch: [hook],
  clock: [mustHave('now', 'elapsed', 'sleep')],
}

function areSecrets(secrets: readonly unknown[]): boolean {
  return secrets.length > 0 && secrets.every((each) => typeof each === 'string' && each.length >= 32)
}
