import { ConfigurationError, OperatorError } from '../vocabulary/index.ts'

/** Only cookie sessions need the browser for a change, so server sessions never show this text. */
export const USE_SERVER_SESSION: string = " Or set `session: 'server'`."

export function headersAlreadySent(what: string, remedy = ''): ConfigurationError {
  const message = `Cannot ${what} after the response headers are sent. Do it before you return the response.${remedy}`
  return new ConfigurationError('headers_already_sent', message)
}

/** Ignores store failures, which an event has reported, because cookies need no store. Rethrows other errors. */
export function ignoreStore(error: unknown): undefined {
  if (!(error instanceof OperatorError)) throw error
}
