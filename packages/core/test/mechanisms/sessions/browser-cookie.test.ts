import { expect, it } from 'vitest'
import { createShortCookie } from '../../../src/mechanisms/sessions/browser-cookie.ts'
import type { SessionRecord } from '../../../src/model/session-record.ts'

const clock = { now: () => 1000, elapsed: () => 0, sleep: () => Promise.resolve() }
const attributes = { secure: true, sameSite: 'Lax' } as const
const record = (expiresAt: number) => ({ expiresAt }) as SessionRecord
const cookieOf = (received: Record<string, string>) =>
  createShortCookie({ received: new Map(Object.entries(received)), cookieName: 's', attributes }, clock)

it('reads the value, and never joins it with other cookies', () => {
  expect(cookieOf({}).read()).toBeUndefined()
  expect(cookieOf({ s: '~2~a', 's.1': 'b' }).read()).toEqual({ value: '~2~a' })
})

it('lives as long as the session, and is removed from a browser that has it', () => {
  const line = (value: string, maxAge: number) =>
    `s=${value}; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=${maxAge}`
  expect(cookieOf({}).keep('id', record(1060))).toEqual([line('id', 60)])
  expect(cookieOf({}).keep('id', record(940))).toEqual([line('id', 0)])
  expect(cookieOf({ s: 'id' }).clear()).toEqual([line('', 0)])
  expect(cookieOf({}).clear()).toEqual([])
})
