import { describe, expect, it } from 'vitest'
import { createProtocolBench } from './protocol-bench.ts'

describe('signing out', () => {
  it('S5: revokes, and a token that is unknown is revoked as well', async () => {
    const { protocol, server } = createProtocolBench()
    const { refresh_token = '' } = await server.issue()
    expect(await protocol.revoke(refresh_token)).toBe('revoked')
    expect(await protocol.refresh({ refreshToken: refresh_token, parameters: {}, user: {} })).toEqual({
      kind: 'rejected',
    })
    expect(await protocol.revoke('unknown')).toBe('revoked')
    const sent = server.log.find(({ kind }) => kind === 'revoke')
    expect(sent?.parameters.get('token_type_hint')).toBe('refresh_token')
    expect(sent?.headers.get('authorization')).toMatch(/^Basic /)
    expect(sent?.url.search).toBe('')
  })

  it.each([
    [{ type: 'status', status: 503 }, 'failed'],
    [{ type: 'status', status: 204 }, 'revoked'],
    [{ type: 'error', error: 'invalid_client' }, 'failed'],
    [{ type: 'error', error: 'unsupported_token_type' }, 'unsupported'],
    [{ type: 'reset', processed: false }, 'failed'],
    [{ type: 'redirect', to: 'https://evil.example/revoke' }, 'failed'],
  ] as const)('S5: %j is an outcome, never an exception', async (fault, outcome) => {
    const { protocol, server } = createProtocolBench()
    server.script('revoke', fault)
    expect(await protocol.revoke('rt')).toBe(outcome)
    expect(server.log.filter(({ kind }) => kind === 'elsewhere')).toEqual([])
  })

  it('S5: needs an endpoint, and https', async () => {
    const none = createProtocolBench({ server: { metadata: { revocation_endpoint: undefined } } })
    expect(await none.protocol.revoke('rt')).toBe('unsupported')
    const plain = createProtocolBench({
      server: { metadata: { revocation_endpoint: 'http://login.example.com/revoke' } },
    })
    expect(await plain.protocol.revoke('rt')).toBe('failed')
    expect(plain.server.log.map(({ kind }) => kind)).toEqual(['discovery'])
    const away = createProtocolBench({ fetch: () => Promise.reject(new Error('down')) })
    expect(await away.protocol.revoke('rt')).toBe('failed')
  })

  it('S11: leads to the end-session endpoint where there is one', async () => {
    const { protocol } = createProtocolBench({
      server: { metadata: { end_session_endpoint: 'https://login.example.com/end?x=1' } },
    })
    const url = await protocol.endSessionUrl({ id_token_hint: 'a b', client_id: 'web' })
    expect(url?.href).toBe('https://login.example.com/end?x=1&id_token_hint=a+b&client_id=web')
    const none = createProtocolBench({ server: { metadata: { end_session_endpoint: undefined } } })
    expect(await none.protocol.endSessionUrl({})).toBeUndefined()
  })
})
