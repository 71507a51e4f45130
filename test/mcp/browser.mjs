/**
 * Opens links as the browser of an owner: follows redirects, and passes requests for the application to its routes.
 *
 * @param route - The routes of the connections.
 * @param baseUrl - The URL of the application.
 * @returns A function that opens a link, and resolves to the outcome of the connection.
 */
export function createBrowser(route, baseUrl) {
  const cookies = new Map()

  function keepCookies(response) {
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)
      if (value === '' || /max-age=0/i.test(cookie)) cookies.delete(name)
      else cookies.set(name, value)
    }
  }

  async function request(url) {
    // As browsers do, it repeats a request whose connection the server has closed in the meantime.
    const visit = () => fetch(url, { redirect: 'manual' })
    if (url.origin !== new URL(baseUrl).origin) return visit().catch(visit)
    const cookie = Array.from(cookies, ([name, value]) => `${name}=${value}`).join('; ')
    const headers = {
      cookie,
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
      'sec-fetch-site': 'none',
    }
    const response = await route(new Request(url, { headers }))
    if (response) keepCookies(response)
    return response
  }

  return async function open(link) {
    let url = new URL(link, baseUrl)
    for (let hops = 0; hops < 10; hops += 1) {
      const response = await request(url)
      if (!response) return url.searchParams.get('outcome')
      const location = response.headers.get('location')
      if (location === null) throw new Error(`${url.origin}${url.pathname} responded with ${response.status}`)
      url = new URL(location, url)
    }
    throw new Error('Too many redirects')
  }
}
