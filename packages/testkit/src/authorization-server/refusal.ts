/** An OAuth error before it is a response. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly error: string
  readonly status: number

  constructor(error: string, description: string, status = 400) {
    super(description)
    this.error = error
    this.status = status
  }
}

export function toResponse(refusal: Refusal): Response {
  return errorResponse(refusal.error, refusal.status, refusal.message)
}

/** RFC 6749 section 5.2. */
export function errorResponse(error: string, status: number, description: string): Response {
  const headers = new Headers({ 'cache-control': 'no-store' })
  if (status === 401) headers.set('www-authenticate', 'Basic realm="authorization server"')
  return Response.json({ error, error_description: description }, { status, headers })
}
