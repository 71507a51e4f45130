import { inspect } from 'node:util'
import { EvertokenError } from '@evertoken/core'
import type { Chronicle, Result } from './chronicle.ts'

const SIGN_IN = new Set([
  'no_session',
  'session_ended',
  'no_refresh_token',
  'not_connected',
  'needs_reauthorization',
])

/** The result of a token fetch. The resource server returns the token that it accepted. */
export async function resultOf(response: Response, { texts }: Chronicle): Promise<Result> {
  const text = await response.text()
  if (response.status === 200) return { kind: 'token', token: (JSON.parse(text) as { token: string }).token }
  texts.push({ where: 'a problem', text: `${text} ${JSON.stringify([...response.headers])}` })
  if (!response.headers.get('content-type')?.includes('problem')) return { kind: 'refused' }
  const { code } = JSON.parse(text) as { code: string }
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  if (SIGN_IN.has(code)) return { kind: 'sign_in' }
  return { kind: 'error', code, ...(seconds >= 0 && { retryAfterSeconds: seconds }) }
}

export function failure(error: unknown, { texts }: Chronicle, signal?: AbortSignal): Result {
  if (signal?.aborted && error === signal.reason) return { kind: 'aborted' }
  texts.push({ where: 'an error', text: printed(error) })
  if (!(error instanceof EvertokenError)) return { kind: 'error', code: `not typed: ${String(error)}` }
  const { code, retryAfterSeconds } = error
  return { kind: 'error', code, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) }
}

/** All that logging a value could show. */
export function printed(value: unknown): string {
  const members = value instanceof Error ? JSON.stringify(Object.getOwnPropertyDescriptors(value)) : ''
  return `${inspect(value, { depth: Infinity, showHidden: true })} ${String(value)} ${JSON.stringify(value)} ${members}`
}
