import { isSecure, hasCredentials, parseUrl } from '../calls/allowed-urls.ts'
import { isJsonObject } from '../members.ts'

/** The response of the device authorization endpoint (RFC 8628 §3.2). */
export interface DeviceAuthorization {
  /** The secret with which the device polls. */
  readonly deviceCode: string
  /** The code that the user enters. It has no control characters, so a terminal can print it. */
  readonly userCode: string
  readonly verificationUri: string
  /** The same address with the code, if the server has one. */
  readonly verificationUriComplete: string | undefined
  readonly expiresInSeconds: number
  readonly intervalSeconds: number
}

/** The interval if the server names none (RFC 8628 §3.2). */
const DEFAULT_INTERVAL_SECONDS = 5
/** How much longer the interval is after each `slow_down` (RFC 8628 §3.5). */
const SLOW_DOWN_SECONDS = 5
/** Time-outs never make the interval longer than this. */
const MAX_BACK_OFF_SECONDS = 60
/** A server that names a longer interval is polled at this one. */
const MAX_INTERVAL_SECONDS = 300
/** A user does not need more than a day. */
const MAX_EXPIRY_SECONDS = 86_400
const MAX_CHARACTERS = 4096

/** Matches visible ASCII. A code is sent in a form, and larger texts are a fault of the server. */
const DEVICE_CODE = /^[\x21-\x7e]{1,4096}$/
/** Matches text without control and invisible characters, which could change what a terminal shows. */
const USER_CODE = /^[^\p{C}\p{Zl}\p{Zp}]{1,64}$/u

/**
 * Reads the response of the device authorization endpoint.
 *
 * @param insecureHosts - The hosts that can use plain http, in addition to loopback.
 * @returns The name of the member that is missing or wrong, if there is one.
 */
export function readDeviceAuthorization(
  body: unknown,
  insecureHosts: readonly string[],
): DeviceAuthorization | { readonly wrong: string } {
  if (!isJsonObject(body)) return { wrong: 'device_code' }
  const { device_code: deviceCode, user_code: userCode, interval } = body
  if (typeof deviceCode !== 'string' || !DEVICE_CODE.test(deviceCode)) return { wrong: 'device_code' }
  if (typeof userCode !== 'string' || !USER_CODE.test(userCode)) return { wrong: 'user_code' }
  // Google uses the name of an early draft.
  const verificationUri = readUri(body['verification_uri'] ?? body['verification_url'], insecureHosts)
  if (verificationUri === undefined) return { wrong: 'verification_uri' }
  const expiresIn = readPositive(body['expires_in'])
  if (expiresIn === undefined) return { wrong: 'expires_in' }
  return {
    deviceCode,
    userCode,
    verificationUri,
    verificationUriComplete: readUri(body['verification_uri_complete'], insecureHosts),
    expiresInSeconds: Math.min(expiresIn, MAX_EXPIRY_SECONDS),
    // An interval below 1 second is a fault of the server.
    intervalSeconds: Math.min(
      Math.max(readPositive(interval) ?? DEFAULT_INTERVAL_SECONDS, 1),
      MAX_INTERVAL_SECONDS,
    ),
  }
}

/** The user opens the address and signs in there, so it must not be one that others can change. */
function readUri(value: unknown, insecureHosts: readonly string[]): string | undefined {
  if (typeof value !== 'string' || value.length > MAX_CHARACTERS) return undefined
  const url = parseUrl(value)
  return url && isSecure(url, insecureHosts) && !hasCredentials(url) ? url.href : undefined
}

/** Some servers write a number as text. */
function readPositive(value: unknown): number | undefined {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) && number > 0 ? number : undefined
}

/** What a response to a poll means, if it has no token. */
export type PollRefusal = 'pending' | 'slow_down' | 'unreachable' | 'denied' | 'expired' | 'refused'

const REFUSALS: Readonly<Record<string, PollRefusal>> = {
  authorization_pending: 'pending',
  slow_down: 'slow_down',
  access_denied: 'denied',
  expired_token: 'expired',
}

/**
 * Classifies a response of the token endpoint without a token (RFC 8628 §3.5). GitHub sends its errors with the status 200.
 *
 * @param body - The JSON body, if there is one.
 */
export function readPollRefusal(status: number, body: unknown): PollRefusal {
  const error = isJsonObject(body) ? body['error'] : undefined
  const known = typeof error === 'string' && Object.hasOwn(REFUSALS, error) ? REFUSALS[error] : undefined
  if (known) return known
  return status >= 500 || status === 429 || status === 408 ? 'unreachable' : 'refused'
}

/**
 * Returns the interval after a poll, in seconds. It never becomes shorter.
 *
 * `slow_down` adds 5 seconds. A server that does not respond is polled half as often after each failure (RFC 8628 §3.5).
 */
export function nextInterval(
  seconds: number,
  refusal: Extract<PollRefusal, 'pending' | 'slow_down' | 'unreachable'>,
): number {
  if (refusal === 'slow_down') return seconds + SLOW_DOWN_SECONDS
  return refusal === 'unreachable' ? Math.max(seconds, Math.min(seconds * 2, MAX_BACK_OFF_SECONDS)) : seconds
}
