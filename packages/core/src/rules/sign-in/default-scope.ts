/** The scope of a sign-in if neither the application nor the profile of the server sets one. */
export const DEFAULT_SCOPE = 'openid offline_access'

/**
 * Returns the scope to ask for. Servers that do not know `offline_access` refuse the whole sign-in.
 *
 * @param scope - The scope of the login. A login can ask for another scope than the default.
 * @param supported - The scopes in the metadata of the server.
 */
export function supportedScope(scope: string, supported: unknown): string {
  const isUnsupported = Array.isArray(supported) && !supported.includes('offline_access')
  return scope === DEFAULT_SCOPE && isUnsupported ? 'openid' : scope
}
