import { createAuthorizationServer } from '@evertoken/testkit'
import { expect, it } from 'vitest'

function read(token: string) {
  const [header = '', claims = '', signature = ''] = token.split('.')
  const json = (part: string) =>
    JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>
  return { header: json(header), claims: json(claims), signature }
}

it('makes logout tokens', async () => {
  const server = createAuthorizationServer()
  const { header, claims } = read(await server.logoutToken({ sub: 'ada', sid: 's' }))
  expect(header).toEqual({ alg: 'ES256', kid: 'key-1', typ: 'logout+jwt' })
  expect(claims).toMatchObject({
    iss: server.issuer,
    aud: 'web',
    sub: 'ada',
    sid: 's',
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
  })
  expect(Number(claims['exp']) - Number(claims['iat'])).toBe(120)
  expect(read(await server.logoutToken()).claims['jti']).not.toBe(claims['jti'])
})

it('spoils them on request', async () => {
  const server = createAuthorizationServer()
  const token = await server.logoutToken({
    sub: 'ada',
    claims: { sub: undefined, nonce: 'n' },
    header: { typ: 'JWT' },
    signature: 'none',
  })
  const { header, claims, signature } = read(token)
  expect(header).toEqual({ alg: 'none', typ: 'JWT' })
  expect(claims).toMatchObject({ nonce: 'n' })
  expect(claims).not.toHaveProperty('sub')
  expect(signature).toBe('')
})

it('posts them to the client they are for', async () => {
  const sent: Request[] = []
  const clients = [{ id: 'web' }, { id: 'shop', backChannelLogoutUri: 'https://shop.example.com/out' }]
  const backChannelFetch = async (request: Request) => {
    sent.push(request)
    return new Response(null, { status: 204 })
  }
  const server = createAuthorizationServer({ clients, backChannelFetch })
  expect((await server.sendLogoutToken({ clientId: 'shop', sid: 's' })).status).toBe(204)
  const [request] = sent
  expect(request).toMatchObject({ method: 'POST', url: 'https://shop.example.com/out' })
  const token = new URLSearchParams(await request?.text()).get('logout_token') ?? ''
  expect(read(token).claims).toMatchObject({ aud: 'shop', sid: 's' })
  await expect(server.sendLogoutToken()).rejects.toThrow('backChannelLogoutUri')
  expect(sent).toHaveLength(1)
})

it('announces it in its metadata', async () => {
  const server = createAuthorizationServer()
  const response = await server.fetch(`${server.issuer}/.well-known/openid-configuration`)
  expect(await response.json()).toMatchObject({
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
  })
})

it('changes who signs', async () => {
  const server = createAuthorizationServer()
  const keys = async () => {
    const response = await server.fetch(`${server.issuer}/jwks`)
    return ((await response.json()) as { keys: { kid: string; x: string }[] }).keys
  }
  const [before] = await keys()
  server.rotateKeys()
  const [after, ...more] = await keys()
  expect(more).toEqual([])
  expect([before?.kid, after?.kid]).toEqual(['key-1', 'key-2'])
  expect(after?.x).not.toBe(before?.x)
  expect(read(await server.logoutToken()).header['kid']).toBe('key-2')
})
