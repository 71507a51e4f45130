import { startGlewlwyd } from '../second-server/glewlwyd.mjs'

/** Starts Glewlwyd. Its pages consist of scripts, so this does what the scripts do: it calls the API of Glewlwyd. */
export async function start({ port, url, appUrl, client, user: { username, name, password } }) {
  const glewlwyd = await startGlewlwyd({ username, name, password }, { port, issuer: url })
  await glewlwyd.addClient({ ...client, appUrl })
  let cookie

  async function signIn(browser, loginUrl) {
    cookie = await glewlwyd.signIn()
    await glewlwyd.consent(cookie, client.id)
    browser.keepCookies(url, cookie.split('; '))
    const page = await browser.open(loginUrl)
    // The only button of the page, for a user who has signed in and consented.
    return browser.open(`${callbackOf(page)}&g_continue`)
  }

  async function signOut(browser, endSessionUrl) {
    const page = await browser.open(endSessionUrl)
    await glewlwyd.endSession(cookie, new URL(page.url).searchParams.get('sid'))
    return browser.open(callbackOf(page))
  }

  return { signIn, signOut, stop: glewlwyd.stop }
}

function callbackOf(page) {
  return new URL(page.url).searchParams.get('callback_url')
}
