import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { startRedis } from '../../scripts/services.mjs'
import { CLIENT, startAuthorizationServer } from './authorization-server.mjs'

const PROGRAM = fileURLToPath(new URL('application.mjs', import.meta.url))

/**
 * Two processes of one application that share a Redis. Browsers talk to the first, the authorization server's back
 * channel to the second.
 */
export async function startFleet(session, onIssued) {
  const redis = await startRedis()
  const [front, back] = [await start(), await start()]
  const logouts = []
  const { issuer } = await startAuthorizationServer({
    appUrl: front.url,
    backChannelUrl: back.url,
    onIssued,
    onLoggedOut: (outcome) => logouts.push(outcome),
  })
  const options = {
    redisUrl: redis.url,
    issuer,
    session,
    clientId: CLIENT.id,
    clientSecret: CLIENT.secret,
    encryptionSecret: CLIENT.secret,
    baseUrl: front.url,
    scope: 'openid profile offline_access',
    backChannelLogout: true,
  }
  for (const each of [front, back]) await each.ask(options, 'ready')

  async function stop() {
    for (const { child } of [front, back]) child.kill()
    await redis.stop()
  }
  return { appUrl: front.url, issuer, logouts, front, back, stop }
}

async function start() {
  const child = fork(PROGRAM)
  const events = []
  child.on('message', ({ event }) => event && events.push(event))
  const { url } = await answer(child, 'url')
  const ask = (message, name) => {
    child.send(message)
    return answer(child, name)
  }
  return { child, url, events, ask }
}

function answer(child, name) {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`A process of the application ended with ${code}`)))
    child.on('message', function listen(message) {
      if (!(name in message)) return
      child.off('message', listen)
      resolve(message)
    })
  })
}
