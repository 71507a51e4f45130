import { SignInRequiredError } from '@evertoken/core'
import type { Connection } from '@evertoken/core/connections'
import { omitUndefined } from '@evertoken/core/adapter'
import { isUsableScope } from '../discovery/documents.ts'
import { tokenChallenge } from '../discovery/probe.ts'

/** The parts of a connection that the functions for SDKs use. */
export type McpConnection = Pick<
  Connection,
  'name' | 'connectUrl' | 'createTokenFetch' | 'getAccessToken' | 'getState' | 'missingScope'
>

/** Returns the name without the query of the URL, which can contain a key. */
function shownName({ name }: Pick<McpConnection, 'name'>): string {
  return name.replace(/\?.*/s, '')
}

/** Creates the error for a connection that has no token. Its `url` is the link for the owner. */
export async function ownerMustAct(connection: McpConnection): Promise<SignInRequiredError> {
  const { state } = await connection.getState()
  const url = connection.connectUrl()
  if (state === 'not_connected')
    return new SignInRequiredError(
      state,
      `The owner has not connected \`${shownName(connection)}\`. Open \`url\` in the browser of the owner.`,
      { url },
    )
  return new SignInRequiredError(
    'needs_reauthorization',
    `The MCP server of \`${shownName(connection)}\` no longer accepts the grant. Open \`url\` in the browser of the owner.`,
    { url },
  )
}

/**
 * Creates the error for a request that needs more scope. The link asks for it in addition to the granted one.
 *
 * @param named - The scope that the MCP server asks for. If it cannot be requested, the link asks for the configured one.
 */
export async function scopeMissing(
  connection: McpConnection,
  named: string | undefined,
): Promise<SignInRequiredError> {
  // Values are separated by single spaces.
  const scope = named?.split(' ').filter(Boolean).join(' ') || undefined
  if (scope !== undefined && !isUsableScope(scope)) return scopeMissing(connection, undefined)
  const missingScope = scope === undefined ? undefined : (await connection.missingScope(scope)) || scope
  const url = connection.connectUrl(omitUndefined({ scope: missingScope }))
  return new SignInRequiredError(
    'scope_missing',
    `The owner of \`${shownName(connection)}\` has not granted \`missingScope\`. Open \`url\` in the browser of the owner.`,
    { url, missingScope },
  )
}

/** Returns the error that a response of an MCP server means, if the owner must act. */
export async function errorOf(
  response: Pick<Response, 'status' | 'headers'>,
  connection: McpConnection,
): Promise<SignInRequiredError | undefined> {
  const { status, headers } = response
  const parameters = tokenChallenge(headers)?.parameters
  const error = parameters?.get('error')
  if (error === 'insufficient_scope') return scopeMissing(connection, parameters?.get('scope'))
  const isRejected = status === 401 && (error === undefined || error === 'invalid_token')
  return isRejected ? ownerMustAct(connection) : undefined
}
