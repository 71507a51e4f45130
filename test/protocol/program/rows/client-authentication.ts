import {
  clientSecretBasic,
  clientSecretJwt,
  clientSecretPost,
  none,
  privateKeyJwt,
  type SigningKey,
} from '@evertoken/core/credentials'
import { dpop } from '@evertoken/core/dpop'
import { certificateBound, selfSignedTlsClientAuth, tlsClientAuth } from '@evertoken/core/mtls'
import { createClientKey } from '../keys.ts'
import { codeOf, type Row, same } from '../row.ts'
import { callApi, type Client, type TokenRequest, type World } from '../world.ts'

const SIGNATURES = ['ES256', 'PS256', 'EdDSA'] as const

/** Signs in, refreshes twice and gets a token of the client. Returns the token requests, all of which must succeed. */
async function useClient(world: World, client: Client, options: object): Promise<readonly TokenRequest[]> {
  const app = world.createApplication(client, options)
  const user = await world.signIn(app)
  await user.run(async () => {
    for (let i = 0; i < 2; i++) await app.getUserAccessToken({ forceRefresh: true })
    if (client.secret !== undefined || 'fetch' in options) await app.getClientAccessToken()
  })
  const requests = await world.requests(client)
  same(
    requests.filter(({ status }) => status !== 200).map(({ status }) => status),
    [],
  )
  return requests
}

/** Registers a client whose assertions are verified with these keys. */
function registerKeys(world: World, keys: readonly { readonly jwk: object }[], metadata: object = {}) {
  return world.register({
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: keys.map(({ jwk }) => jwk) },
    ...metadata,
  })
}

/** Each request must have another assertion, whose audience is only the issuer. */
function checkAssertions(requests: readonly TokenRequest[], client: Client): void {
  const claims = requests.map(({ form }) => {
    const [, payload = ''] = (form['client_assertion'] ?? '').split('.')
    return JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))) as {
      aud: unknown
      jti: string
    }
  })
  same(new Set(claims.map(({ jti }) => jti)).size, requests.length)
  same(
    claims.map(({ aud }) => aud),
    requests.map(() => client.issuer),
  )
}

const secrets: readonly Row[] = (
  [
    ['client_secret_basic', clientSecretBasic, 'Basic'],
    ['client_secret_post', clientSecretPost, ''],
    ['client_secret_jwt', clientSecretJwt, ''],
  ] as const
).map(([method, create, scheme]) => ({
  item: method,
  async run(world) {
    const client = await world.register({ token_endpoint_auth_method: method })
    const requests = await useClient(world, client, { clientAuthentication: create(client.secret ?? '') })
    same([...new Set(requests.map(({ authorization }) => authorization))], [scheme])
    if (create === clientSecretJwt) checkAssertions(requests, client)
  },
}))

const signatures: readonly Row[] = SIGNATURES.map((algorithm) => ({
  item: `private_key_jwt with ${algorithm}`,
  async run(world) {
    const key = await createClientKey(algorithm, 'key-1')
    const client = await registerKeys(world, [key])
    checkAssertions(
      await useClient(world, client, { clientAuthentication: privateKeyJwt(key.signingKey) }),
      client,
    )
  },
}))

const certificates: readonly Row[] = (['issued', 'selfSigned'] as const).map((name) => ({
  item: name === 'issued' ? 'tls_client_auth' : 'self_signed_tls_client_auth',
  async run(world) {
    const { config, host } = world
    const metadata =
      name === 'issued'
        ? { token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_subject_dn: 'CN=client' }
        : {
            token_endpoint_auth_method: 'self_signed_tls_client_auth',
            jwks: { keys: [config.identities.selfSigned.jwk] },
          }
    const client = await world.register({ ...metadata, tls_client_certificate_bound_access_tokens: true })
    const fetch = host.mtlsFetch(name, config)
    const clientAuthentication = name === 'issued' ? tlsClientAuth() : selfSignedTlsClientAuth()
    await useClient(world, client, { clientAuthentication, fetch })
    // The API accepts the token only with the certificate.
    const app = world.createApplication(client, { clientAuthentication, fetch })
    const user = await world.signIn(app)
    const baseUrl = `${config.mtlsApi}/orders/`
    await user.run(async () => {
      const bound = await callApi(app.createTokenFetch({ baseUrl, fetch }))
      same(typeof bound.cnf?.['x5t#S256'], 'string')
      const plain = app.createTokenFetch({ baseUrl: `${world.api('orders')}/` })
      same((await plain('list')).status, 401)
    })
  },
}))

/** RFC 8705 §3, for a client that authenticates with a secret. */
const certificateBoundRow: Row = {
  item: 'certificate-bound tokens of a client with a secret',
  async run(world) {
    const { config, host } = world
    const client = await world.register({ tls_client_certificate_bound_access_tokens: true })
    const fetch = host.mtlsFetch('issued', config)
    const app = world.createApplication(client, { senderConstraint: certificateBound(), fetch })
    const user = await world.signIn(app)
    await user.run(async () => {
      for (const forceRefresh of [false, true]) {
        await app.getUserAccessToken({ forceRefresh })
        const bound = await callApi(app.createTokenFetch({ baseUrl: `${config.mtlsApi}/orders/`, fetch }))
        same(typeof bound.cnf?.['x5t#S256'], 'string')
      }
    })
  },
}

export const clientAuthenticationRows: readonly Row[] = [
  ...secrets,
  {
    item: 'secret from an async function',
    async run(world) {
      const client = await world.register()
      let reads = 0
      const clientSecret = async () => {
        reads++
        return client.secret ?? ''
      }
      same((await useClient(world, client, { clientSecret })).length, reads)
    },
  },
  {
    item: 'none (a public client)',
    async run(world) {
      const client = await world.register({ token_endpoint_auth_method: 'none' })
      const requests = await useClient(world, client, { clientAuthentication: none() })
      same([...new Set(requests.map(({ authorization }) => authorization))], [''])
    },
  },
  ...signatures,
  {
    item: 'private_key_jwt with several keys, and their rotation',
    async run(world) {
      const keys = await Promise.all(['old', 'new'].map((keyId) => createClientKey('ES256', keyId)))
      const client = await registerKeys(world, keys)
      let current = 0
      const source = (): SigningKey => keys[current]?.signingKey as SigningKey
      const app = world.createApplication(client, { clientAuthentication: privateKeyJwt(source) })
      const user = await world.signIn(app)
      for (current of [1, 0, 1]) await user.run(() => app.getUserAccessToken({ forceRefresh: true }))
      const requests = await world.requests(client)
      same(
        requests.map(({ form }) => keyIdOf(form['client_assertion'])),
        ['old', 'new', 'old', 'new'],
      )
    },
  },
  {
    item: 'private_key_jwt with a key service, which fails',
    async run(world) {
      const key = await createClientKey('ES256', 'kms')
      const client = await registerKeys(world, [key])
      let isDown = false
      const sign = (data: Uint8Array<ArrayBuffer>) =>
        isDown ? Promise.reject(new Error('down')) : key.sign(data)
      const clientAuthentication = privateKeyJwt({ sign, algorithm: 'ES256', keyId: 'kms' })
      const app = world.createApplication(client, { clientAuthentication })
      const user = await world.signIn(app)
      await world.requests(client)
      isDown = true
      const code = await user.run(() => codeOf(() => app.getUserAccessToken({ forceRefresh: true })))
      same([code, (await world.requests(client)).length], ['key_service_unavailable', 0])
      isDown = false
      // The session is kept, and its token still works.
      same((await user.run(() => app.getUserAccessToken()))?.type, 'Bearer')
    },
  },
  {
    item: 'private_key_jwt with another jti at a nonce retry',
    async run(world) {
      const key = await createClientKey('ES256', 'key-1')
      const client = await registerKeys(world, [key], { requires_dpop_nonce: true })
      const app = world.createApplication(client, {
        clientAuthentication: privateKeyJwt(key.signingKey),
        senderConstraint: dpop(),
      })
      await world.signIn(app)
      const requests = await world.requests(client)
      same(
        requests.map(({ status }) => status),
        [400, 200],
      )
      checkAssertions(requests, client)
    },
  },
  ...certificates,
  certificateBoundRow,
]

function keyIdOf(jwt = ''): unknown {
  const [header = ''] = jwt.split('.')
  return (JSON.parse(atob(header.replaceAll('-', '+').replaceAll('_', '/'))) as { kid: unknown }).kid
}
