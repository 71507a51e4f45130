/** A fault or a limitation that `check` has found. */
export interface Finding {
  /** The kind of the finding. An error code, or a name such as `scope_unsupported`. */
  readonly code: string
  /** `error`: users cannot sign in, or their tokens are not refreshed. `warning`: a feature is not available. */
  readonly severity: 'error' | 'warning'
  /** The facts and the change to make. Contains no secret. */
  readonly message: string
}

/** The facts about a client that the metadata of its authorization server must support. */
export interface ClientFacts {
  /** How the client authenticates. */
  readonly method: string
  /** How its tokens are bound to it. `undefined` if they are not bound. */
  readonly constraint?: 'dpop' | 'mtls' | undefined
  /** The types of `authorization_details` that sign-ins request. */
  readonly detailTypes?: readonly string[]
  /** The scope of sign-ins, separated by spaces. `undefined` if users do not sign in here. */
  readonly scope: string | undefined
}

type Metadata = Readonly<Record<string, unknown>>

/** Compares the metadata of an authorization server (RFC 8414 §2) with a client. */
export function metadataFindings(
  metadata: Metadata,
  { method, scope, constraint, detailTypes: types = [] }: ClientFacts,
): Finding[] {
  const isUnlisted = (member: string, value: string) => {
    const list = metadata[member]
    return Array.isArray(list) && !list.includes(value)
  }
  const isSignIn = scope !== undefined
  const asked = scope?.split(' ') ?? []
  /** A finding if a list of the metadata has not all of these values. */
  const unlisted = (
    code: string,
    severity: Finding['severity'],
    member: string,
    values: readonly string[],
    remedy: string,
  ): Row => {
    const missing = values.filter((each) => each !== '' && isUnlisted(member, each)).join(' ')
    return [
      missing !== '',
      code,
      severity,
      `The server does not list '${missing}' in \`${member}\`.${remedy}`,
    ]
  }
  const constraintMember = constraint && CONSTRAINT_MEMBERS[constraint]
  const rows: readonly Row[] = [
    unlisted(
      'client_authentication_unsupported',
      'error',
      'token_endpoint_auth_methods_supported',
      [method],
      ' Change `clientAuthentication`.',
    ),
    unlisted(
      'response_type_unsupported',
      'error',
      'response_types_supported',
      isSignIn ? ['code'] : [],
      ' Evertoken needs it.',
    ),
    [
      asked.includes('openid') && metadata['jwks_uri'] === undefined,
      'keys_unavailable',
      'error',
      'The metadata has no `jwks_uri`, so ID tokens cannot be verified. Set `server.metadata`.',
    ],
    unlisted('scope_unsupported', 'warning', 'scopes_supported', asked, ' Change `scope`.'),
    [
      constraintMember !== undefined && !isSupported(metadata[constraintMember]),
      'sender_constraint_unsupported',
      'warning',
      `The metadata has no \`${constraintMember}\`, so tokens might not be bound.`,
    ],
    unlisted(
      'authorization_details_unsupported',
      'error',
      'authorization_details_types_supported',
      types,
      ' Change `authorizationDetails`.',
    ),
    unlisted(
      'refresh_unsupported',
      'warning',
      'grant_types_supported',
      ['refresh_token'],
      ' Sessions end with their token.',
    ),
    unlisted(
      'pkce_unsupported',
      'warning',
      'code_challenge_methods_supported',
      isSignIn ? ['S256'] : [],
      ' It might ignore PKCE.',
    ),
    [
      metadata['revocation_endpoint'] === undefined,
      'revocation_unsupported',
      'warning',
      'The metadata has no `revocation_endpoint`, so a sign-out revokes no token.',
    ],
    [
      isSignIn && metadata['end_session_endpoint'] === undefined,
      'sign_out_unsupported',
      'warning',
      'The metadata has no `end_session_endpoint`, so a sign-out ends only this session.',
    ],
  ]
  return rows
    .filter(([isFound]) => isFound)
    .map(([, code, severity, message]) => ({ code, severity, message }))
}

type Row = readonly [isFound: boolean, code: string, severity: Finding['severity'], message: string]

const CONSTRAINT_MEMBERS = {
  dpop: 'dpop_signing_alg_values_supported',
  mtls: 'tls_client_certificate_bound_access_tokens',
} as const

/** RFC 9449 §5.1 and RFC 8705 §3.3. */
function isSupported(member: unknown): boolean {
  return member === true || Array.isArray(member)
}

/** A larger difference makes the checks of ID tokens fail. */
const MAX_OFFSET_SECONDS = 30

/** @param offsetSeconds - How far the clock of this machine is behind the server, if the time of the server is known. */
export function clockFindings(offsetSeconds: number | undefined): Finding[] {
  if (offsetSeconds !== undefined && Math.abs(offsetSeconds) <= MAX_OFFSET_SECONDS) return []
  const message =
    offsetSeconds === undefined
      ? 'The responses of the server show no credible time.'
      : `The clocks of this machine and of the server differ by ${Math.round(Math.abs(offsetSeconds))} seconds. Synchronize them.`
  return [{ code: 'clock_offset', severity: 'warning', message }]
}
