/**
 * Signing in, refreshing, revoking and signing out with an authorization server of another make.
 * Usage: node test/second-server/main.mjs (after `npm run build`)
 */
import { randomBytes } from 'node:crypto'
import { createChecks } from '../browser/checks.mjs'
import { createApplication } from './application.mjs'
import { startGlewlwyd } from './glewlwyd.mjs'

const ACCESS_TOKEN_SECONDS = 300
const user = { username: 'ada', name: 'Ada Lovelace', password: 'the password of ada' }
const { check, report } = createChecks()
const server = await startGlewlwyd(user)
try {
  for (const session of ['cookie', 'server']) await run(session)
} finally {
  await server.stop()
}
process.exitCode = report()
process.exit()

async function run(session) {
  // Only letters and digits: Glewlwyd reads the Basic credentials without decoding them (RFC 6749 §2.3.1).
  const client = { id: `web${session}`, secret: randomBytes(16).toString('hex') }
  const app = await createApplication({ server, client, session })
  await server.addClient({ ...client, appUrl: app.url })
  const titled = (title) => `${title}, ${session} session`
  const agent = app.createAgent()
  const headers = { 'sec-fetch-site': 'same-origin' }
  const askUser = () => agent.send(`${app.url}/auth/user`, { headers })
  const userOf = async () => (await askUser()).json()
  const body = async (path) => (await agent.visit(app.url + path)).html

  await check(titled('S8: signs in with metadata that is not at the well-known place'), async () => {
    const page = await agent.signIn('/done?with=it')
    const { claims } = await userOf()
    return page.url === `${app.url}/done?with=it` && claims.iss === server.issuer && claims.name === user.name
  })

  await check(titled('a token fetch reaches a resource of the server'), async () => {
    return (await body('/userinfo')).startsWith(`200 ${(await userOf()).claims.sub}`)
  })

  await check(
    titled('S1: 100 calls with an expired token are one refresh, and the token is a new one'),
    async () => {
      const [before, sent] = [await body('/fingerprint'), app.refreshes.length]
      app.setAhead(ACCESS_TOKEN_SECONDS + 1)
      const after = await Promise.all(Array.from({ length: 100 }, () => agent.send(`${app.url}/fingerprint`)))
      const texts = new Set(await Promise.all(after.map((response) => response.text())))
      return texts.size === 1 && !texts.has(before) && app.refreshes.length - sent === 1
    },
  )

  await check(titled('S1: the next refresh is made with the newest refresh token'), async () => {
    const before = await body('/fingerprint')
    app.setAhead(2 * (ACCESS_TOKEN_SECONDS + 1))
    const after = await body('/fingerprint')
    return after !== before && new Set(app.refreshes).size === app.refreshes.length
  })

  await check(titled('S5: revokes the refresh token; the access token lives its time out'), async () => {
    const outcome = await body('/revoke')
    const last = app.revoked.at(-1)
    const still = await body('/userinfo')
    return outcome === 'revoked' && still.startsWith('200') && (await app.isDead(last))
  })

  await check(titled('S11: signs out: here, the refresh token, and at the server'), async () => {
    app.setAhead(0)
    await agent.signIn('/')
    const sent = app.revoked.length
    const revocation = app.eventOf('refresh_token_revoked')
    const response = await agent.send(`${app.url}/auth/logout`, { method: 'POST', headers })
    const there = new URL(response.headers.get('location'))
    const asked = await agent.send(there.href)
    const isEndSession = there.origin === server.issuer && there.searchParams.has('id_token_hint')
    const anonymous = await askUser()
    // Signing out does not wait for it.
    const { outcome } = await revocation
    const dead = outcome === 'revoked' && (await app.isDead(app.revoked[sent]))
    return isEndSession && asked.status === 302 && anonymous.status === 401 && dead
  })

  // Its logout tokens are those of draft 06: they have no `exp`, which the standard demands since.
  await check(
    titled('S12: refuses a logout token that never expires, reports that, and ends nothing'),
    async () => {
      await agent.signIn('/')
      const { sid } = await userOf()
      const rejection = app.eventOf('logout_token_rejected')
      await server.endSession(agent.cookiesFor(server.issuer), sid)
      const { code } = await rejection
      return code === 'logout_token_invalid' && (await userOf()).sid === sid
    },
  )

  await app.close()
}
