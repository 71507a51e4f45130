import { EmbeddedJWK, jwtVerify } from 'jose'
import { expect, it } from 'vitest'
import { dpop } from '../../../src/dpop.ts'
import { customTokenRequest } from '../../../src/requests.ts'
import { createProtocolBench, USER } from '../protocol-bench.ts'

const REFRESH_URL = 'https://refresh.example.com/token'

it.each([
  ['query', 'GET'],
  ['json', 'POST'],
] as const)('the proof is for a request that the server expects as %s', async (format, method) => {
  const proofs: string[] = []
  const { protocol, clock } = createProtocolBench({
    protocol: {
      senderConstraint: dpop(),
      tokenRequest: customTokenRequest({ format, refreshUrl: REFRESH_URL }),
    },
    fetch(url, init) {
      if (!url.startsWith(REFRESH_URL)) return undefined
      expect(init?.method).toBe(method)
      proofs.push(new Headers(init?.headers).get('dpop') ?? '')
      return Promise.resolve(
        proofs.length === 1
          ? Response.json({ error: 'use_dpop_nonce' }, { status: 400, headers: { 'dpop-nonce': 'n' } })
          : Response.json({ access_token: 'at', token_type: 'DPoP', expires_in: 60 }),
      )
    },
  })
  const proofKey = await protocol.binding?.createKey()
  const request = { refreshToken: 'rt', parameters: {}, user: USER, proofKey }
  expect(await protocol.refresh(request)).toMatchObject({ kind: 'refreshed' })
  const options = { currentDate: new Date(clock.now() * 1000) }
  const payloads = await Promise.all(
    proofs.map(async (proof) => (await jwtVerify(proof, EmbeddedJWK, options)).payload),
  )
  expect(payloads).toMatchObject([
    { htm: method, htu: REFRESH_URL },
    { htm: method, htu: REFRESH_URL, nonce: 'n' },
  ])
})
