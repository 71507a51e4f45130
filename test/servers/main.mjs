/**
 * The whole life of a grant with real authorization servers.
 * Usage: node test/servers/main.mjs [server …] (after `npm run build`)
 */
import { randomBytes } from 'node:crypto'
import { freePort } from '../../scripts/services.mjs'
import { createApplication } from './application.mjs'
import { startCountingProxy } from './counting-proxy.mjs'
import { install } from './install.mjs'
import { liveOneGrant } from './life.mjs'
import { SERVERS } from './servers.mjs'

const LIFETIME_SECONDS = 300
const user = {
  username: 'ada',
  name: 'Ada Lovelace',
  email: 'ada@example.com',
  password: 'the password of ada',
}

const wanted = process.argv.slice(2)
const names = Object.keys(SERVERS).filter((name) => wanted.length === 0 || wanted.includes(name))
const tools = await install()
let failed = 0
for (const name of names) {
  const { line, isPassed } = await run(name, SERVERS[name])
  if (!isPassed) failed++
  console.log(line)
}
console.log(`${names.length - failed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)

async function run(name, server) {
  const stops = []
  const started = async (part) => {
    const each = await part
    stops.unshift(each.stop)
    return each
  }
  const port = await freePort()
  const client = { id: 'web', secret: randomBytes(16).toString('hex') }
  let app
  try {
    const proxy = await started(startCountingProxy(port))
    const options = server.options(proxy.url)
    const apiUrl = proxy.url + server.apiPath
    app = await started(createApplication({ client, options, apiUrl }))
    const settings = {
      port,
      url: proxy.url,
      appUrl: app.url,
      client,
      user,
      lifetimeSeconds: LIFETIME_SECONDS,
    }
    const running = await started(server.start(settings, tools))
    const world = {
      app,
      proxy,
      server: { ...server, ...running },
      client,
      user,
      lifetimeSeconds: LIFETIME_SECONDS,
    }
    const marks = await liveOneGrant(world)
    return { isPassed: true, line: `${name} … ${marks.join(' ')} | ${describe(options, proxy.url)}` }
  } catch (error) {
    return { isPassed: false, line: `${name} … FAILED (${error.message}${failureEvent(app)})` }
  } finally {
    for (const stop of stops) await stop()
  }
}

/** The options that the server needed, without the issuer and the URL of this run. */
function describe({ issuer: _issuer, server = {}, ...others }, url) {
  const { issuer: _inProfile, ...profile } = server
  const members = Object.entries(profile).map(([member, value]) => [`server.${member}`, value])
  const shown = [...Object.entries(others), ...members].map(
    ([name, value]) => `${name}: ${JSON.stringify(value)}`,
  )
  return shown.join(', ').replaceAll(url, '') || 'no further options'
}

/** The last event that explains a failure. */
function failureEvent(app) {
  const event = app?.events.findLast(({ code }) => code !== undefined)
  if (event === undefined) return ''
  const { type, code, cause } = event
  return `; event ${JSON.stringify({ type, code, cause })}`
}
