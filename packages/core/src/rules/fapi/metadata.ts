/** The choices that FAPI 2.0 leaves to the application. */
export interface FapiChoices {
  readonly senderConstraint: 'dpop' | 'mtls'
  /** Whether requests and responses are signed. */
  readonly messageSigning: boolean
}

/** The signature algorithms that FAPI 2.0 allows (Security Profile §5.4.1). `Ed25519` is another name of EdDSA. */
const FAPI_ALGORITHMS: readonly string[] = ['PS256', 'ES256', 'EdDSA', 'Ed25519']

export function isFapiAlgorithm(algorithm: unknown): boolean {
  return FAPI_ALGORITHMS.includes(algorithm as string)
}

/** Returns the listed algorithms that FAPI 2.0 allows. If the server lists none, it can use all of these. */
export function fapiAlgorithms(listed: unknown): readonly string[] {
  return Array.isArray(listed) ? listed.filter(isFapiAlgorithm) : FAPI_ALGORITHMS
}

type Metadata = Readonly<Record<string, unknown>>

/** A part of the metadata that FAPI 2.0 requires. */
type Requirement = readonly [name: string, isMet: (metadata: Metadata, choices: FapiChoices) => boolean]

/** Members that FAPI 2.0 requires of a server (Security Profile §5.3.2, Message Signing §5.3 and §5.4). */
const REQUIREMENTS: readonly Requirement[] = [
  [
    '`pushed_authorization_request_endpoint`',
    ({ pushed_authorization_request_endpoint: endpoint }) => endpoint !== undefined,
  ],
  [
    '`authorization_response_iss_parameter_supported: true`',
    ({ authorization_response_iss_parameter_supported: isNamed }, { messageSigning }) =>
      messageSigning || isNamed === true,
  ],
  [
    '`S256` in `code_challenge_methods_supported`',
    ({ code_challenge_methods_supported: methods }) => Array.isArray(methods) && methods.includes('S256'),
  ],
  [
    '`private_key_jwt` in `token_endpoint_auth_methods_supported`',
    ({ token_endpoint_auth_methods_supported: methods }) => canHave(methods, 'private_key_jwt'),
  ],
  ['`code` in `response_types_supported`', ({ response_types_supported: types }) => canHave(types, 'code')],
  [
    'PS256, ES256 or EdDSA in `id_token_signing_alg_values_supported`',
    ({ id_token_signing_alg_values_supported: listed }) => fapiAlgorithms(listed).length > 0,
  ],
  [
    '`ES256` in `dpop_signing_alg_values_supported`',
    ({ dpop_signing_alg_values_supported: listed }, { senderConstraint }) =>
      senderConstraint === 'mtls' || canHave(listed, 'ES256'),
  ],
  [
    '`tls_client_certificate_bound_access_tokens: true`',
    ({ tls_client_certificate_bound_access_tokens: areBound }, { senderConstraint }) =>
      senderConstraint === 'dpop' || areBound === true,
  ],
  [
    '`jwt` in `response_modes_supported`',
    ({ response_modes_supported: modes }, { messageSigning }) =>
      !messageSigning || canHave(modes, 'jwt', 'query.jwt', 'form_post.jwt'),
  ],
  [
    'PS256, ES256 or EdDSA in `authorization_signing_alg_values_supported`',
    ({ authorization_signing_alg_values_supported: listed }, { messageSigning }) =>
      !messageSigning || fapiAlgorithms(listed).length > 0,
  ],
]

/** A server that does not publish a list might support the value. */
function canHave(listed: unknown, ...values: readonly string[]): boolean {
  return !Array.isArray(listed) || values.some((value) => listed.includes(value))
}

/** Returns the parts that FAPI 2.0 requires and the metadata of the server lacks, as they are shown in an error. */
export function missingMetadata(metadata: Metadata, choices: FapiChoices): string[] {
  return REQUIREMENTS.filter(([, isMet]) => !isMet(metadata, choices)).map(([name]) => name)
}

/** The lists of algorithms with which a server signs responses to the client. */
const SIGNED_BY_SERVER = [
  'id_token_signing_alg_values_supported',
  'authorization_signing_alg_values_supported',
  'userinfo_signing_alg_values_supported',
]

/** Returns metadata without the signature algorithms that FAPI 2.0 forbids, so that no response with them is accepted. */
export function withFapiAlgorithms<Server extends Metadata>(metadata: Server): Server {
  const allowed = SIGNED_BY_SERVER.map((name) => [name, fapiAlgorithms(metadata[name])])
  return { ...metadata, ...Object.fromEntries(allowed) }
}
