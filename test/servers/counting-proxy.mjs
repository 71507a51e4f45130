import { once } from 'node:events'
import { createServer, request } from 'node:http'

/**
 * Starts a reverse proxy in front of an authorization server. It records each request.
 *
 * It removes `Date`. The clock of a real server cannot be set ahead, so the application must not learn it.
 */
export async function startCountingProxy(port) {
  const requests = []

  async function forward(incoming, outgoing) {
    const body = Buffer.concat(await incoming.toArray())
    const { method, headers, url } = incoming
    const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded')
    requests.push({
      path: url.split('?')[0],
      authorization: headers.authorization,
      form: new URLSearchParams(isForm ? String(body) : ''),
    })
    const forwarded = request({ host: '127.0.0.1', port, method, path: url, headers }).end(body)
    const [response] = await once(forwarded, 'response')
    const { date: _date, 'transfer-encoding': _encoding, ...received } = response.headers
    outgoing.sendDate = false
    outgoing.writeHead(response.statusCode, received).end(Buffer.concat(await response.toArray()))
  }

  const server = createServer((incoming, outgoing) => {
    forward(incoming, outgoing).catch((error) => outgoing.writeHead(502).end(String(error)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    // Another host name than the application's: cookies ignore ports.
    url: `http://localhost:${server.address().port}`,
    requests,
    /** The requests that used a refresh token. */
    refreshes: () => requests.filter(({ form }) => form.get('grant_type') === 'refresh_token'),
    stop: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  }
}
