import { createServer, request as send } from 'node:http'

/** Starts a server on loopback, on a free port. */
export async function listen(host, listener, http = createServer(listener)) {
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve))
  const url = `http://${host}:${http.address().port}`
  const close = () => {
    http.closeAllConnections()
    http.close()
  }
  return { url, close }
}

/** Like a reverse proxy that sends a request again when the first response is late: the browser gets the second one. */
export function retrying(listener, path) {
  const retries = { twice: false, repeated: 0, listener: respond }

  function respond(request, response) {
    const isRetry = request.headers['x-retry'] === '1'
    if (!retries.twice || isRetry || !request.url.startsWith(path)) return listener(request, response)
    retries.repeated++
    const { port } = request.socket.address()
    const { method, url, headers } = request
    const again = () =>
      new Promise((resolve, reject) => {
        const options = {
          host: '127.0.0.1',
          port,
          method,
          path: url,
          headers: { ...headers, 'x-retry': '1' },
        }
        send(options, resolve).on('error', reject).end()
      })
    void passOn(again(), again(), response)
  }

  return retries
}

async function passOn(one, other, response) {
  const [first, second] = await Promise.all([one, other])
  first.resume()
  response.writeHead(second.statusCode, second.rawHeaders)
  second.pipe(response)
}
