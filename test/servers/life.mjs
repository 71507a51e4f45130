import { setTimeout as sleep } from 'node:timers/promises'
import { createBrowser } from './browser.mjs'

const BURST = 20

/**
 * Runs the whole life of a grant, from sign-in to sign-out.
 *
 * @returns The mark of each step.
 * @throws {Error} If a step fails. Its message names the step.
 */
export async function liveOneGrant({ app, proxy, server, client, user, lifetimeSeconds }) {
  const browser = createBrowser({ password: user.password, email: user.email, ...server.fields })
  const userStatus = async () => (await browser.send(`${app.url}/auth/user`)).status
  const marks = []

  async function step(name, run) {
    try {
      marks.push((await run()) ?? name)
    } catch (error) {
      throw new Error(`${name}: ${error.message}`, { cause: error })
    }
  }

  async function signIn() {
    const start = `${app.url}/auth/login?returnTo=${encodeURIComponent('/done')}`
    const page = await (server.signIn?.(browser, start) ?? browser.openAndSubmit(start, app.url))
    expect(
      page.url === `${app.url}/done`,
      `the browser ended at ${new URL(page.url).pathname} (${page.status})`,
    )
    expect((await userStatus()) === 200, 'no user is signed in')
  }

  /** Calls the API and returns the access token that the API received. */
  async function callApi() {
    const before = proxy.requests.length
    const { status, html } = await browser.send(`${app.url}/call`)
    expect(status === 200, `the API returned ${status} ${html.slice(0, 200)}`)
    const calls = proxy.requests.slice(before).filter(({ path }) => path === server.apiPath)
    return calls.at(-1)?.authorization
  }

  /** Expires the access token of the application. */
  let age = 0
  function expire() {
    age += lifetimeSeconds + 1
    app.setAhead(age)
  }

  async function refresh() {
    const [before, sent] = [await callApi(), proxy.refreshes().length]
    expect(before !== undefined, 'the API received no token')
    expire()
    const after = await callApi()
    expect(proxy.refreshes().length - sent === 1, `${proxy.refreshes().length - sent} token requests`)
    expect(after !== before, 'the token is the old one')
  }

  async function burst() {
    const sent = proxy.refreshes().length
    expire()
    const responses = await Promise.all(Array.from({ length: BURST }, () => browser.send(`${app.url}/call`)))
    const failed = responses.filter(({ status }) => status !== 200).length
    expect(failed === 0, `${failed} of ${BURST} calls failed`)
    const count = proxy.refreshes().length - sent
    expect(count === 1, `${count} token requests`)
    const tokens = proxy.refreshes().map(({ form }) => form.get('refresh_token'))
    expect(new Set(tokens).size === tokens.length, 'a refresh token was used twice')
    return `burst=${count}`
  }

  async function revoke() {
    const { html: outcome } = await browser.send(`${app.url}/revoke`)
    const expected = server.revokes === false ? 'unsupported' : 'revoked'
    expect(outcome === expected, `the outcome is ${outcome.slice(0, 200)}`)
    if (outcome === 'unsupported') return 'revoke=unsupported'
    const token = proxy.requests.findLast(({ form }) => form.has('token')).form.get('token')
    expect(await isRefused(token), 'the server still accepts the refresh token')
  }

  /** Sends a refresh token without Evertoken. */
  async function isRefused(token) {
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token })
    const headers = { authorization: `Basic ${btoa(`${client.id}:${client.secret}`)}` }
    const response = await fetch(proxy.url + proxy.refreshes()[0].path, { method: 'POST', headers, body })
    return response.status >= 400 && response.status < 500
  }

  async function signOut() {
    app.setAhead(0)
    await signIn()
    const before = app.events.length
    const { location = '' } = await browser.send(`${app.url}/auth/logout`, { method: 'POST' })
    const target = new URL(location, app.url)
    const isAtServer = target.origin === new URL(proxy.url).origin
    expect(isAtServer === (server.endsSession !== false), `the browser was sent to ${target.href}`)
    if (isAtServer) {
      const page = await (server.signOut?.(browser, target.href) ??
        browser.openAndSubmit(target.href, app.url))
      expect(
        page.url === `${app.url}/`,
        `the browser ended at ${new URL(page.url).pathname} (${page.status})`,
      )
    }
    expect((await userStatus()) === 401, 'the user is still signed in')
    if (server.revokes !== false) await revokedSince(before)
  }

  /** A sign-out revokes the refresh token in the background. */
  async function revokedSince(before) {
    const isRevoked = () =>
      app.events
        .slice(before)
        .some((event) => event.type === 'refresh_token_revoked' && event.outcome === 'revoked')
    for (let i = 0; i < 100 && !isRevoked(); i++) await sleep(20)
    expect(isRevoked(), 'the refresh token was not revoked')
  }

  await step('signed-in', signIn)
  await step('refresh', refresh)
  await step('burst', burst)
  await step('revoke', revoke)
  await step('signed-out', signOut)
  return marks
}

function expect(holds, problem) {
  if (!holds) throw new Error(problem)
}
