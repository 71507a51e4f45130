import { createServer } from 'node:http'

/** A server of the Model Context Protocol with one tool, over streamable HTTP on loopback. It verifies each access token. */
export async function startMcpServer({ issuer, verify }) {
  const http = createServer((request, response) => void respond(request, response))
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${http.address().port}`
  const url = `${origin}/mcp`

  async function respond(request, response) {
    if (request.url.startsWith('/.well-known/oauth-protected-resource'))
      return json(response, 200, { resource: url, authorization_servers: [issuer] })
    if (request.url !== '/mcp') return json(response, 404, { error: 'not_found' })
    if (request.method !== 'POST') return json(response, 405, { error: 'method_not_allowed' })
    const [, token = ''] = (request.headers.authorization ?? '').split(' ')
    const isValid = await verify(token, url).then(
      () => true,
      () => false,
    )
    if (!isValid) {
      const metadata = `${origin}/.well-known/oauth-protected-resource/mcp`
      const challenge = `Bearer error="invalid_token", resource_metadata="${metadata}"`
      return json(response, 401, { error: 'invalid_token' }, { 'www-authenticate': challenge })
    }
    const { id, method, params } = JSON.parse(await textOf(request))
    if (id === undefined) return response.writeHead(202).end()
    const result = RESULTS[method]?.(params)
    const error = { code: -32601, message: 'Method not found' }
    return json(response, 200, { jsonrpc: '2.0', id, ...(result ? { result } : { error }) })
  }

  return {
    url,
    stop() {
      http.close()
      http.closeAllConnections()
    },
  }
}

const RESULTS = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: 'test', version: '1.0.0' },
  }),
  'tools/list': () => ({ tools: [{ name: 'echo', inputSchema: { type: 'object' } }] }),
  'tools/call': () => ({ content: [{ type: 'text', text: 'done' }] }),
}

function json(response, status, body, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

async function textOf(request) {
  let text = ''
  for await (const chunk of request) text += chunk
  return text
}
