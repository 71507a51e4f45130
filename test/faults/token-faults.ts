import { type Fault, FAULTS } from '@evertoken/testkit'

/** The fault of the first refresh request. */
export interface TokenFault {
  readonly name: string
  /** At the server; `refused`: no connection is made; `let_go`: held, and processed when the client has given up. */
  readonly fault: Fault | 'refused' | 'let_go'
  readonly times?: number
  /** It means that the session is over. */
  readonly ends?: boolean
  /** The response may be lost for good, which only a server that is not strict forgives. */
  readonly loses?: boolean
}

/** On both sides of the time that callers wait (10 s), up to nearly the time that a response is awaited (65 s). */
const LATE_SECONDS = [1, 8, 10, 11, 20, 30, 60]

const more: Record<string, Fault> = {
  '503 with Retry-After of a year': { type: 'status', status: 503, retryAfter: 31_536_000 },
  '503 with a negative Retry-After': { type: 'status', status: 503, retryAfter: -5 },
  '503 with Retry-After of garbage': { type: 'status', status: 503, retryAfter: 'soon' },
  '429 with Retry-After as a date': { type: 'status', status: 429, retryAfter: { dateInSeconds: 30 } },
  '429 with Retry-After as a past date': {
    type: 'status',
    status: 429,
    retryAfter: { dateInSeconds: -30 },
  },
  '429 without Retry-After': { type: 'status', status: 429 },
  '503 after processing': { type: 'status', status: 503, retryAfter: 2, processed: true },
  '302 to another origin': { type: 'redirect', to: 'https://elsewhere.example/token', status: 302 },
  '307 after processing': { type: 'redirect', to: 'https://elsewhere.example/token', processed: true },
  '200 with HTML, unprocessed': { type: 'body', body: 'html', processed: false },
  '200 with cut JSON, unprocessed': { type: 'body', body: 'cutJson', processed: false },
  '200 with 10 MB, unprocessed': { type: 'body', body: 'huge', processed: false },
  ...Object.fromEntries(
    LATE_SECONDS.flatMap((seconds): [string, Fault][] => [
      [`${seconds} s late`, { type: 'delay', ms: seconds * 1000, when: 'after' }],
      [`processed ${seconds} s late`, { type: 'delay', ms: seconds * 1000, when: 'before' }],
    ]),
  ),
  '201 after processing': { type: 'response', status: 201, body: '{}', processed: true },
  '202 after processing': { type: 'response', status: 202, body: '{}', processed: true },
  '204 after processing': { type: 'response', status: 204, processed: true },
  '204, unprocessed': { type: 'response', status: 204 },
  'form-encoded, unprocessed': {
    type: 'response',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'error=temporarily_unavailable',
  },
  '503 with malformed dates': {
    type: 'response',
    status: 503,
    headers: { date: 'yesterday', age: '-1', 'retry-after': '-0' },
  },
  'one byte every 20 ms': { type: 'trickle', everyMs: 20 },
  'silence before processing': { type: 'hang' },
  'silence after processing': { type: 'hang', processed: true },
  'silence in the body': { type: 'hangBody' },
  'one byte a second': { type: 'trickle' },
  'one byte a millisecond': { type: 'trickle', everyMs: 1 },
  'expires_in a negative string': { type: 'members', set: { expires_in: '-1' } },
  'expires_in "1e9"': { type: 'members', set: { expires_in: '1e9' } },
  'expires_in a fraction': { type: 'members', set: { expires_in: 299.5 } },
  'expires_in an object': { type: 'members', set: { expires_in: {} } },
  'no refresh token, the old one spent': { type: 'refreshToken', value: 'none', spend: true },
  'refresh_token null': { type: 'members', set: { refresh_token: null } },
  'token_type in capitals': { type: 'members', set: { token_type: 'BEARER' } },
  'scope missing': { type: 'members', omit: ['scope'] },
  invalid_request: { type: 'error', error: 'invalid_request' },
  'an unknown error': { type: 'error', error: 'computer_says_no' },
  '500 with invalid_grant': { type: 'error', error: 'invalid_grant', status: 500 },
}

/** The last two respond that the old refresh token stays, and no longer accept it. */
const ENDING = new Set([
  'invalid_grant',
  'ID token of another subject',
  'no refresh token, the old one spent',
  'refresh_token null',
])

const scripted = Object.entries({ ...FAULTS, ...more }).map(([name, fault]): TokenFault => {
  return { name, fault, ...(ENDING.has(name) && { ends: true }) }
})

export const TOKEN_FAULTS: readonly TokenFault[] = [
  ...scripted,
  { name: '500 five times', fault: { type: 'status', status: 500 }, times: 5 },
  { name: '429 five times', fault: { type: 'status', status: 429, retryAfter: 1 }, times: 5 },
  { name: 'connection refused', fault: 'refused' },
  { name: 'connection refused five times', fault: 'refused', times: 5 },
  { name: 'silence, then processed', fault: 'let_go' },
]
