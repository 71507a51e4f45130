import { ConfigurationError, OperatorError } from '../vocabulary/index.ts'

/** Only cookie sessions need the browser for a change, so the other kind never shows it. */
export const USE_SERVER_SESSION: string = " Or set `session: 'server'`."

export function headersAlreadySent(what: string, remedy = ''): ConfigurationError {
  const message = `Cannot ${what} after the response headers are sent. Do it before you return the response.${remedy}`
  return new ConfigurationError('headers_already_sent', message)
}

/** The cookies of a response can go without the store, whose failure an event has reported. Other errors are defects. */
export function ignoreStore(error: unknown): undefined {
  if (!(error instanceof OperatorError)) throw error
}
