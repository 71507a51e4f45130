import { createServer } from 'node:http'

/** More than the client asks for. */
const SCOPES = ['read', 'admin']

/**
 * A real MCP server on loopback, which accepts the tokens of an authorization server for itself.
 *
 * @param sdk - Imports a module of `@modelcontextprotocol/sdk`.
 * @param verify - Verifies a token for an audience.
 */
export async function startMcpServer(sdk, issuer, verify) {
  const { McpServer } = await sdk('server/mcp.js')
  const { StreamableHTTPServerTransport } = await sdk('server/streamableHttp.js')
  const http = createServer()
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${http.address().port}`
  const url = `${origin}/mcp`
  const metadata = `${origin}/.well-known/oauth-protected-resource/mcp`
  const rejected = new Set()

  async function answer(request, response) {
    if (request.url === new URL(metadata).pathname) {
      response.setHeader('content-type', 'application/json')
      return response.end(
        JSON.stringify({ resource: url, authorization_servers: [issuer], scopes_supported: SCOPES }),
      )
    }
    const [, token = ''] = (request.headers.authorization ?? '').split(' ')
    const isValid = !rejected.has(token) && (await verify(token, url).catch(() => undefined))
    if (!isValid) {
      const error = token === '' ? '' : 'error="invalid_token", '
      response.writeHead(401, { 'www-authenticate': `Bearer ${error}resource_metadata="${metadata}"` })
      return response.end()
    }
    const server = new McpServer({ name: 'test', version: '1.0.0' })
    server.registerTool('ping', { description: 'Answers' }, async () => ({
      content: [{ type: 'text', text: 'pong' }],
    }))
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined })
    response.on('close', () => void server.close())
    await server.connect(transport)
    return transport.handleRequest(request, response)
  }

  http.on('request', (request, response) => {
    answer(request, response).catch((error) => {
      console.error(error)
      response.destroy()
    })
  })
  return {
    url,
    rejected,
    stop() {
      http.close()
      http.closeAllConnections()
    },
  }
}
