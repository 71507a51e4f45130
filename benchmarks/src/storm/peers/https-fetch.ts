const { fetch: plainFetch } = globalThis

/** For libraries that insist on https: the server on loopback uses plain http, and its metadata contains that URL. */
export async function httpsFetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init)
  const url = request.url.replace(/^https:\/\/127\.0\.0\.1/, 'http://127.0.0.1')
  const body = request.body ? await request.text() : undefined
  const { method, headers } = request
  const response = await plainFetch(url, { method, headers, ...(body !== undefined && { body }) })
  if (!url.includes('/.well-known/')) return response
  return new Response((await response.text()).replaceAll('http://', 'https://'), response)
}
