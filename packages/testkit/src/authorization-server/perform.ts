import type { Clock } from '@evertoken/core'
import { cutBody, hugeBody, slowBody } from './bodies.ts'
import type { Fault } from './faults.ts'
import type { Tweaks } from './model.ts'
import { errorResponse } from './refusal.ts'
import type {
  BodyFault,
  ErrorFault,
  RefreshTokenFault,
  ResponseFault,
  StatusFault,
} from './response-faults.ts'
import { retryAfterHeader } from './retry-after.ts'

export interface Performance {
  /** Lets the model take the request; the honest answer. */
  process(tweaks?: Tweaks): Promise<Response>
  /** The refresh token in the request. */
  readonly refreshToken: string | undefined
  readonly clock: Clock
  readonly signal: AbortSignal | undefined
  /** Resolves at the next `server.release()`. */
  released(): Promise<void>
}

/** Carries out a fault, calling `process` exactly once or never. */
export async function perform(fault: Fault | undefined, on: Performance): Promise<Response> {
  if (!fault) return on.process()
  switch (fault.type) {
    case 'response':
      if (fault.processed) await on.process()
      return scriptedResponse(fault)
    case 'status':
      if (fault.processed) await on.process()
      return statusResponse(fault, on.clock)
    case 'error':
      if (fault.processed) await on.process()
      return oauthError(fault)
    case 'redirect':
      if (fault.processed) await on.process()
      return new Response(null, { status: fault.status ?? 307, headers: { location: fault.to } })
    case 'reset':
      if (fault.processed) await on.process()
      throw new TypeError('fetch failed', { cause: new Error('The connection was reset') })
    case 'hang':
      return pause(fault.processed ? 'after' : 'before', () => on.released(), undefined, on)
    case 'pause':
      return pause(fault.when, () => fault.wait(), fault.next, on)
    case 'delay':
      return pause(fault.when ?? 'before', () => on.clock.sleep(fault.ms), fault.next, on)
    case 'hangBody':
      return cutBody(await on.process(), on.released(), on.signal)
    case 'trickle':
      return slowBody(await on.process(), () => on.clock.sleep(fault.everyMs ?? 1000), on.signal)
    case 'body':
      return otherBody(fault.body, fault.processed === false ? Response.json({}) : await on.process())
    case 'members':
      return withMembers(await on.process(), fault.set ?? {}, fault.omit ?? [])
    case 'refreshToken':
      return withRefreshToken(fault, on)
    case 'scope':
      return on.process({ scope: fault.scope })
    case 'parameters':
      return on.process({ parameters: fault })
    case 'idToken':
    default:
      return on.process({ idToken: fault })
  }
}

async function pause(
  when: 'before' | 'after',
  wait: () => Promise<void>,
  next: Fault | undefined,
  on: Performance,
): Promise<Response> {
  if (when === 'before') {
    await wait()
    return perform(next, on)
  }
  const process: Performance['process'] = async (tweaks) => {
    const response = await on.process(tweaks)
    await wait()
    return response
  }
  const processed = next && { ...next, processed: true }
  return perform(processed, { ...on, process })
}

function scriptedResponse({ status = 200, headers = {}, body }: ResponseFault): Response {
  const pairs = Array.isArray(headers) ? headers : Object.entries(headers)
  const response = new Response(body ?? null, { status })
  // A body of text has a content type by default, and the script specifies all of them.
  response.headers.delete('content-type')
  for (const [name, value] of pairs) response.headers.append(name, value)
  return response
}

function statusResponse({ status, body, contentType, retryAfter }: StatusFault, clock: Clock): Response {
  const headers = new Headers(retryAfterHeader(retryAfter, clock))
  if (contentType !== undefined) headers.set('content-type', contentType)
  return new Response(body ?? null, { status, headers })
}

function oauthError({ error, status, description, nonce }: ErrorFault): Response {
  const usual = error === 'invalid_client' ? 401 : 400
  const response = errorResponse(error, status ?? usual, description ?? 'Scripted')
  if (nonce !== undefined) response.headers.set('dpop-nonce', nonce)
  return response
}

async function withRefreshToken({ value, spend }: RefreshTokenFault, on: Performance): Promise<Response> {
  const response = await on.process({ keepRefreshToken: !spend })
  if (value === 'none') return withMembers(response, {}, ['refresh_token'])
  const values = { same: on.refreshToken, empty: '', number: 12_345 }
  return withMembers(response, { refresh_token: values[value] }, [])
}

/** Refusals pass through as they are: only a success has members to change. */
async function withMembers(
  response: Response,
  set: Readonly<Record<string, unknown>>,
  omit: readonly string[],
): Promise<Response> {
  if (!response.ok) return response
  const members = Object.entries({ ...(await response.json()), ...set })
  const body = Object.fromEntries(members.filter(([name]) => !omit.includes(name)))
  return Response.json(body, { headers: response.headers })
}

async function otherBody(body: BodyFault['body'], response: Response): Promise<Response> {
  const [type, text] = OTHER_BODIES[body](await response.text())
  return new Response(text, { headers: { 'content-type': type } })
}

const JSON_TYPE = 'application/json'
const FIRST_OF_TWO = '"access_token":"the-first-of-two","refresh_token":"the-first-of-two"'

const OTHER_BODIES: Record<BodyFault['body'], (json: string) => [type: string, body: BodyInit | null]> = {
  html: () => ['text/html', '<!doctype html><title>Welcome</title>'],
  textPlain: (json) => ['text/plain', json],
  cutJson: (json) => [JSON_TYPE, json.slice(0, json.length / 2)],
  array: (json) => [JSON_TYPE, `[${json}]`],
  null: () => [JSON_TYPE, 'null'],
  empty: () => [JSON_TYPE, null],
  duplicateKeys: (json) => [JSON_TYPE, withFirst(FIRST_OF_TWO, json)],
  huge: (json) => [JSON_TYPE, hugeBody(json)],
}

function withFirst(member: string, json: string): string {
  return json === '{}' ? `{${member}}` : `{${member},${json.slice(1)}`
}
