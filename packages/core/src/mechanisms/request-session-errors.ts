import { ConfigurationError } from '../vocabulary/index.ts'

/** Only cookie sessions need the browser for a change, so the other kind never shows it. */
export const USE_SERVER_SESSION: string = " Or set `session: 'server'`."

export function headersAlreadySent(what: string, remedy = ''): ConfigurationError {
  const message = `Cannot ${what} after the response headers are sent. Do it before you return the response.${remedy}`
  return new ConfigurationError('headers_already_sent', message)
}
