import type { Credential } from '../../ports/credential.ts'
import { discardBody } from './with-headers.ts'

/** Returns whether a response means that the API has rejected the token. */
export type IsTokenRejected = (response: Response) => boolean | Promise<boolean>

/**
 * Returns whether another token can help. Without a function of the application, the credential decides.
 *
 * @param isTokenRejected - A function of the application. It gets a copy of the response, so that it can read the body.
 */
export function needsAnotherToken(
  response: Response,
  credential: Credential,
  isTokenRejected: IsTokenRejected | undefined,
): boolean | Promise<boolean> {
  // The credential reads each response, because it might contain data for the next request.
  const verdict = credential.readResponse(response)
  return isTokenRejected ? askApplication(response, isTokenRejected) : verdict === 'retry'
}

/** What functions of the application have thrown. */
const thrown = new WeakSet<object>()

/** Whether a function of the application has thrown this error, so that it does not concern the token or the API. */
export function isOfApplication(error: unknown): boolean {
  return thrown.has(Object(error) as object)
}

async function askApplication(response: Response, isTokenRejected: IsTokenRejected): Promise<boolean> {
  const copy = response.body ? response.clone() : response
  try {
    return await isTokenRejected(copy)
  } catch (error) {
    if (error instanceof Error) thrown.add(error)
    throw error
  } finally {
    if (copy !== response && !copy.bodyUsed) discardBody(copy.body)
  }
}
