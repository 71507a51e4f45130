import { createHash } from 'node:crypto'
import type { FakeAuthorizationServer, LogEntry } from '@evertoken/testkit'
import { CLIENT } from './provider.ts'

/** What the client has registered. */
export interface Registration {
  readonly redirectUri: string
  readonly responseMode: unknown
}

type Check = (entry: LogEntry, log: readonly LogEntry[]) => string | false

const VERIFIER = /^[\w.~-]{43,128}$/

/** The checks that the suite makes on every request of a client (OpenID Connect part). */
const CHECKS: Partial<Record<LogEntry['kind'], readonly Check[]>> = {
  unknown: [({ url }) => `the client requested ${url.pathname}, which the provider does not have`],
  revoke: [() => 'the client requested the revocation endpoint, which the metadata does not name'],
  authorize: [
    ({ parameters }) => parameters.get('response_type') !== 'code' && '`response_type` is not `code`',
    ({ parameters }) => parameters.get('client_id') !== CLIENT.id && '`client_id` is wrong',
    ({ parameters }) => !scopesOf(parameters).includes('openid') && '`scope` does not contain `openid`',
    ({ parameters }) => parameters.has('request') && 'the authorization request has a `request`',
    ({ parameters }) =>
      parameters.get('max_age') === '0' &&
      parameters.get('prompt') === 'none' &&
      '`max_age=0` contradicts `prompt=none`',
    ({ parameters }) =>
      parameters.has('code_challenge') &&
      parameters.get('code_challenge_method') !== 'S256' &&
      'PKCE does not use S256',
  ],
  token: [
    ({ parameters }) =>
      parameters.get('grant_type') !== 'authorization_code' && 'the `grant_type` is unknown',
    ({ headers }) => !isBasic(headers) && 'the Basic credentials are wrong',
    ({ parameters }) =>
      (parameters.get('client_id') ?? CLIENT.id) !== CLIENT.id && 'the body names another client',
    ({ parameters }, log) => !isVerified(parameters, log) && 'the code verifier does not fit its challenge',
    (entry, log) => earlier(entry, log, 'code_verifier') && 'the code verifier was used before',
    (entry, log) => earlier(entry, log, 'code') && 'the code was used before',
  ],
  refresh: [
    ({ headers }) => !isBasic(headers) && 'the Basic credentials of a refresh are wrong',
    (entry, log) => earlier(entry, log, 'refresh_token') && 'the refresh token is not the newest one',
  ],
  userinfo: [
    ({ url }) => url.searchParams.has('access_token') && 'the access token is in the query',
    ({ parameters, headers }) =>
      parameters.has('access_token') === headers.has('authorization') &&
      'the access token is not in exactly one place',
    ({ ok }) => ok !== true && 'UserInfo was called with a token that is not valid',
  ],
}

/** Returns the problems of the requests of a client, in words. */
export function problemsOf(
  { log }: Pick<FakeAuthorizationServer, 'log'>,
  { redirectUri, responseMode }: Registration,
): string[] {
  const ofRegistration: Check = ({ kind, parameters }) => {
    if (kind !== 'authorize' && kind !== 'token') return false
    if (parameters.get('redirect_uri') !== redirectUri) return 'the `redirect_uri` is not the registered one'
    const isExpected = kind === 'token' || (parameters.get('response_mode') ?? 'query') === responseMode
    return !isExpected && 'the `response_mode` is not the configured one'
  }
  return log.flatMap((entry) => {
    const checks = [ofRegistration, ...(CHECKS[entry.kind] ?? [])]
    return checks.map((check) => check(entry, log)).filter((problem) => problem !== false)
  })
}

function scopesOf(parameters: URLSearchParams): string[] {
  return (parameters.get('scope') ?? '').split(' ')
}

/** RFC 6749 section 2.3.1: both are form-encoded, and a colon separates them. */
function isBasic(headers: Headers): boolean {
  const [, encoded = ''] = /^Basic (.+)$/.exec(headers.get('authorization') ?? '') ?? []
  const parts = Buffer.from(encoded, 'base64').toString().split(':')
  const decoded = parts.map((part) => new URLSearchParams(`part=${part}`).get('part'))
  return decoded.length === 2 && decoded[0] === CLIENT.id && decoded[1] === CLIENT.secret
}

function isVerified(parameters: URLSearchParams, log: readonly LogEntry[]): boolean {
  const verifier = parameters.get('code_verifier') ?? ''
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  const asked = log.filter(({ kind }) => kind === 'authorize')
  return (
    VERIFIER.test(verifier) && asked.some((entry) => entry.parameters.get('code_challenge') === challenge)
  )
}

/** Whether an earlier request to the token endpoint had the same parameter. */
function earlier(entry: LogEntry, log: readonly LogEntry[], name: string): boolean {
  const before = log.slice(0, log.indexOf(entry))
  const value = entry.parameters.get(name)
  return before.some(({ kind, parameters }) => kind === entry.kind && parameters.get(name) === value)
}
