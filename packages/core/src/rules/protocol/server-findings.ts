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
  const lacks = (name: string, value: string) => {
    const list = metadata[name]
    return Array.isArray(list) && !list.includes(value)
  }
  const methods = 'token_endpoint_auth_methods_supported'
  const isSignIn = scope !== undefined
  const asked = scope?.split(' ') ?? []
  const scopes = asked.filter((each) => each !== '' && lacks('scopes_supported', each))
  const details = types.filter((each) => lacks('authorization_details_types_supported', each))
  const found: (false | Finding)[] = [
    lacks(methods, method) && {
      code: 'client_authentication_unsupported',
      severity: 'error',
      message: `The server does not list '${method}' in \`${methods}\`. Change \`clientAuthentication\`.`,
    },
    isSignIn &&
      lacks('response_types_supported', 'code') && {
        code: 'response_type_unsupported',
        severity: 'error',
        message: 'The server does not list `code` in `response_types_supported`.',
      },
    asked.includes('openid') &&
      metadata['jwks_uri'] === undefined && {
        code: 'keys_unavailable',
        severity: 'error',
        message: 'The metadata has no `jwks_uri`, so ID tokens cannot be verified. Set `server.metadata`.',
      },
    scopes.length > 0 && {
      code: 'scope_unsupported',
      severity: 'warning',
      message: `The server does not list '${scopes.join(' ')}' in \`scopes_supported\`. Change \`scope\`.`,
    },
    constraint !== undefined &&
      !supportsConstraint(metadata, constraint) && {
        code: 'sender_constraint_unsupported',
        severity: 'warning',
        message: `The metadata has no \`${CONSTRAINT_MEMBERS[constraint]}\`, so tokens might not be bound.`,
      },
    details.length > 0 && {
      code: 'authorization_details_unsupported',
      severity: 'error',
      message: `The server does not list '${details.join(' ')}' in \`authorization_details_types_supported\`. Change \`authorizationDetails\`.`,
    },
    lacks('grant_types_supported', 'refresh_token') && {
      code: 'refresh_unsupported',
      severity: 'warning',
      message:
        'The server does not list `refresh_token` in `grant_types_supported`. Sessions end with their token.',
    },
    isSignIn &&
      lacks('code_challenge_methods_supported', 'S256') && {
        code: 'pkce_unsupported',
        severity: 'warning',
        message:
          'The server does not list `S256` in `code_challenge_methods_supported`. It might ignore PKCE.',
      },
    metadata['revocation_endpoint'] === undefined && {
      code: 'revocation_unsupported',
      severity: 'warning',
      message: 'The metadata has no `revocation_endpoint`, so a sign-out revokes no token.',
    },
    isSignIn &&
      metadata['end_session_endpoint'] === undefined && {
        code: 'sign_out_unsupported',
        severity: 'warning',
        message: 'The metadata has no `end_session_endpoint`, so a sign-out ends only this session.',
      },
  ]
  return found.filter((each) => each !== false)
}

const CONSTRAINT_MEMBERS = {
  dpop: 'dpop_signing_alg_values_supported',
  mtls: 'tls_client_certificate_bound_access_tokens',
} as const

/** RFC 9449 §5.1 and RFC 8705 §3.3. */
function supportsConstraint(metadata: Metadata, constraint: 'dpop' | 'mtls'): boolean {
  const { [CONSTRAINT_MEMBERS[constraint]]: value } = metadata
  return value === true || Array.isArray(value)
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
