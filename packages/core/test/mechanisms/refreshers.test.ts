import { expect, it } from 'vitest'
import { createAuthorizationServers } from '../../src/mechanisms/protocol/authorization-servers.ts'
import { createRefreshers } from '../../src/mechanisms/refresh/refreshers.ts'
import type { Registration } from '../../src/model/session-record.ts'
import type { TokenServer } from '../../src/ports/authorization-server.ts'
import type { SessionHandle } from '../../src/ports/session-handle.ts'
import { createRecord } from './bench.ts'

const [CUSTOMERS, STAFF, PARTNERS] = [
  { issuer: 'https://one.example', clientId: 'web' },
  { issuer: 'https://two.example', clientId: 'web' },
  { issuer: 'https://one.example', clientId: 'partners' },
] as const

const serverOf = (registration: Registration) => ({ registration }) as TokenServer
const cell = {} as SessionHandle
const call = { key: '', request: {}, keepAlive: () => undefined }
const seenOf = (registration: Registration) => ({
  record: createRecord(0, registration),
  sealed: undefined,
})

it('finds a server by issuer and client ID, and no other one', () => {
  const servers = [CUSTOMERS, STAFF].map(serverOf)
  const { serverFor } = createAuthorizationServers(servers)
  expect(serverFor(createRecord(0, CUSTOMERS))).toBe(servers[0])
  expect(serverFor(createRecord(0, STAFF))).toBe(servers[1])
  expect(serverFor(PARTNERS)).toBeUndefined()
})

it('refreshes a session only at its own server, with one refresher for each server', async () => {
  const created: Registration[] = []
  const used: Registration[] = []
  const refresher = createRefreshers(
    createAuthorizationServers([CUSTOMERS, STAFF].map(serverOf)),
    ({ registration }) => {
      created.push(registration)
      return { token: () => (used.push(registration), { kind: 'sign_in', code: 'no_refresh_token' }) }
    },
  )
  for (const registration of [STAFF, CUSTOMERS, STAFF])
    expect(await refresher.token(cell, seenOf(registration), call)).toEqual({
      kind: 'sign_in',
      code: 'no_refresh_token',
    })
  expect(used).toEqual([STAFF, CUSTOMERS, STAFF])
  expect(created).toEqual([STAFF, CUSTOMERS])
  expect(await refresher.token(cell, seenOf(PARTNERS), call)).toEqual({ kind: 'sign_in', code: 'no_session' })
  expect(await refresher.token(cell, undefined, call)).toEqual({ kind: 'sign_in', code: 'no_session' })
  expect(used).toHaveLength(3)
})
