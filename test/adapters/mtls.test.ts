import { execFile } from 'node:child_process'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { TLSSocket } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureTool } from '../../scripts/tools.mjs'
import { createCertificate } from '../integration/certificate.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const authority = createCertificate('authority')
const server = createCertificate('server', { authority })
const client = createCertificate('client')
/** Refuses the handshake without a certificate. */
const https = createServer(
  { cert: server.cert, key: server.key, ca: client.cert, requestCert: true },
  (request, response) => {
    const { CN: name } = (request.socket as TLSSocket).getPeerCertificate().subject
    void text(request).then((body) => response.end(`${name} ${body}`))
  },
)

beforeAll(() => new Promise<void>((resolve) => https.listen(0, '127.0.0.1', resolve)))
afterAll(() => {
  https.close()
  https.closeAllConnections()
})

const PROGRAM = 'test/adapters/mtls-request.mjs'
const RUNTIMES = [
  ['deno', '2.9.5', ['run', '--no-prompt', '--allow-net', '--allow-read', PROGRAM, 'deno']],
  ['bun', '1.4.5', ['run', '--conditions=@evertoken/source', PROGRAM, 'node']],
] as const

describe.each(RUNTIMES)('createMtlsFetch on %s', (name, version, args) => {
  const send = async (identity: object) => {
    const url = `https://127.0.0.1:${(https.address() as AddressInfo).port}/token`
    const env = { ...process.env, NO_COLOR: '1' }
    const tool = await ensureTool(name, version)
    return (await run(tool, [...args, url, JSON.stringify(identity)], { cwd: root, env })).stdout.trim()
  }

  it('presents the certificate', async () => {
    expect(await send({ ...client, ca: authority.cert })).toBe('200 client a=b')
  })

  it('refuses a certificate that is not one, and repeats nothing of it', async () => {
    for (const wrong of [{ key: 'CANARY' }, { cert: 'CANARY' }, { key: server.key }]) {
      const printed = await send({ ...client, ca: authority.cert, ...wrong })
      expect(printed).toMatch(/^ConfigurationError: .*`key` must be the private key of `cert`/)
      expect(printed).not.toContain('CANARY')
    }
  })

  it('trusts no other server', async () => {
    expect(await send({ ...client, ca: client.cert })).toMatch(/TypeError|Error/)
  })
})
