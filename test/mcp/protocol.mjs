/** The first revision without a handshake. */
const STATELESS = '2026-07-28'
const CLIENT = { name: 'evertoken', version: '1.0.0' }

/**
 * Sends requests of the Model Context Protocol over HTTP, without an SDK.
 *
 * @param url - The URL of the server.
 * @param version - The revision of the specification.
 * @param send - A `fetch` that adds the token.
 */
export function createProtocol(url, version, send) {
  const isStateless = version >= STATELESS
  let id = 0
  let session

  function metadataOf(params) {
    if (!isStateless) return params
    const prefix = 'io.modelcontextprotocol'
    const meta = {
      [`${prefix}/protocolVersion`]: version,
      [`${prefix}/clientInfo`]: CLIENT,
      [`${prefix}/clientCapabilities`]: {},
    }
    return { ...params, _meta: meta }
  }

  async function post(message) {
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': version,
      ...(session && { 'mcp-session-id': session }),
      ...(isStateless && { 'mcp-method': message.method }),
      ...(isStateless && message.params?.name && { 'mcp-name': message.params.name }),
    }
    const response = await send(url, { method: 'POST', headers, body: JSON.stringify(message) })
    const text = await response.text()
    if (!response.ok) throw new Error(`${message.method} failed with status ${response.status}: ${text}`)
    session ??= response.headers.get('mcp-session-id') ?? undefined
    return text
  }

  const request = (method, params) => {
    id += 1
    return post({ jsonrpc: '2.0', id, method, params: metadataOf(params) })
  }

  return {
    request,
    async connect() {
      if (isStateless) return
      await request('initialize', { protocolVersion: version, capabilities: {}, clientInfo: CLIENT })
      await post({ jsonrpc: '2.0', method: 'notifications/initialized' })
    },
  }
}
