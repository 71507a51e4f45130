import { randomBytes } from 'node:crypto'
import { done, must, mustBeRefused, signIn } from '../verdict.ts'
import type { World } from '../world.ts'
import type { Module } from './module.ts'

const PREFIX = 'oidcc-client-test'
/** New in each run, so that only the metadata can name it. */
const KEYS_PATH = `/jwks${randomBytes(5).toString('hex')}`

function kindsOf({ provider: { server } }: World): string[] {
  return server.log.map(({ kind }) => kind)
}

/** Group B: the plan Config RP. */
export const CONFIGURATION: readonly Module[] = [
  {
    name: `${PREFIX}-discovery-openid-config`,
    async run(world) {
      await done(world)
      must(kindsOf(world)[0] === 'discovery', 'the first request was not for the metadata')
    },
  },
  {
    name: `${PREFIX}-discovery-jwks-uri-keys`,
    provider: { paths: { jwks: KEYS_PATH } },
    async run(world) {
      await done(world)
      const kinds = kindsOf(world)
      must(kinds[0] === 'discovery', 'the first request was not for the metadata')
      must(kinds.includes('jwks'), 'the keys were not requested')
      must(
        kinds.indexOf('jwks') < kinds.indexOf('userinfo'),
        'UserInfo was called before the keys were known',
      )
    },
  },
  {
    name: `${PREFIX}-discovery-issuer-mismatch`,
    misbehaviour: {
      discovery: ({ issuer }, fetches) => ({ issuer: issuer + 'INVALID'.repeat(fetches) }),
    },
    async run(world) {
      await signIn(world)
      must(kindsOf(world).includes('discovery'), 'the metadata was not requested')
      must(!kindsOf(world).includes('authorize'), 'the browser was sent to a server with another issuer')
      mustBeRefused(world, { code: 'authorization_server_metadata_invalid' })
    },
  },
  {
    name: `${PREFIX}-signing-key-rotation-just-before-signing`,
    provider: { rotation: 'before signing' },
    async run(world) {
      await done(world)
      // Own check: without it, a client that verifies nothing passes.
      must(
        kindsOf(world).lastIndexOf('jwks') > kindsOf(world).indexOf('token'),
        'the new keys were not requested',
      )
    },
  },
  {
    name: `${PREFIX}-signing-key-rotation`,
    provider: { rotation: 'second sign-in' },
    async run(world) {
      await done(world)
      const { counts } = world.provider.server
      const before = counts.userinfo
      await done(world)
      must(counts.userinfo > before, 'UserInfo was not called after the second sign-in')
      must(counts.jwks >= 2, 'the keys were not requested again')
    },
  },
]
