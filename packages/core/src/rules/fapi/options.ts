import { type FapiChoices, isFapiAlgorithm } from './metadata.ts'

/** An option that contradicts FAPI 2.0. */
export interface OptionViolation {
  readonly name: string
  /** The rule and the change to make, as the continuation of the name. */
  readonly problem: string
}

type Rule = readonly [
  name: string,
  isBroken: (value: unknown, choices: FapiChoices) => boolean,
  problem: string,
]

const isSet = (value: unknown) => value !== undefined
const isOtherAlgorithm = (value: unknown) => isSet(value) && !isFapiAlgorithm(value)
const ALGORITHMS = 'Use PS256, ES256 or EdDSA.'
const hasNames = (value: unknown) => Object.keys(Object(value)).length > 0
const hasMembers = (value: unknown) => Array.isArray(value) && value.length > 0
/** FAPI 2.0 Security Profile §5.3.3.1: a client uses only metadata from the metadata document. */
const ONLY_DOCUMENT = 'Remove it. FAPI 2.0 uses only the metadata document of the server.'
const ONLY_STANDARD = 'Remove it. FAPI 2.0 uses only the standard.'
const BY_KEY = 'Remove it. The client authenticates with `key` of `fapi2()`.'

const RULES: readonly Rule[] = [
  ['clientSecret', isSet, BY_KEY],
  ['clientAuthentication', isSet, BY_KEY],
  ['senderConstraint', isSet, "Remove it. To use certificates, set `fapi2({ senderConstraint: 'mtls' })`."],
  [
    'authorizationRequest',
    isSet,
    'Remove it. The request is always pushed. To sign it too, set `fapi2({ messageSigning: true })`.',
  ],
  [
    'responseMode',
    (value, { messageSigning }) => messageSigning && typeof value === 'string',
    'Remove it, or use `jarm()`. With `messageSigning`, the response must be signed.',
  ],
  ['responseMode.algorithm', isOtherAlgorithm, ALGORITHMS],
  ['insecureHosts', hasMembers, 'Remove it. FAPI 2.0 requires https.'],
  ['server.metadata', (value) => typeof value === 'object', ONLY_DOCUMENT],
  ['server.endpoints', hasNames, ONLY_DOCUMENT],
  ['server.userInfo.url', isSet, ONLY_DOCUMENT],
  ['server.endSession.url', isSet, ONLY_DOCUMENT],
  ['server.revocation', isSet, ONLY_DOCUMENT],
  ['server.tokenRequest', isSet, ONLY_STANDARD],
  ['server.tokenHeader', isSet, ONLY_STANDARD],
  ['server.redirectUri', isSet, ONLY_STANDARD],
  ['server.dialect', hasNames, ONLY_STANDARD],
  [
    'server.issuerInMetadata',
    (value) => value === 'any',
    'Remove it. The metadata must name the issuer that the application trusts.',
  ],
  ['server.tenants', hasMembers, 'Remove it. The metadata must name one issuer.'],
  ['server.nonce', (value) => value === false, 'Remove it. The ID token must repeat the `nonce`.'],
  ['server.idTokenSigningAlgorithm', isOtherAlgorithm, ALGORITHMS],
]

/**
 * Returns the first option that contradicts FAPI 2.0. Returns `undefined` if there is none.
 *
 * @param options - The options of the application. They were not checked yet.
 */
export function violatedOption(
  options: Readonly<Record<string, unknown>>,
  choices: FapiChoices,
): OptionViolation | undefined {
  if (choices.senderConstraint === 'mtls' && options['fetch'] === undefined)
    return {
      name: 'fetch',
      problem: "is missing. With `senderConstraint: 'mtls'`, it must present the client certificate.",
    }
  const valueOf = (name: string) =>
    name
      .split('.')
      .reduce<unknown>((value, member) => (Object(value) as Record<string, unknown>)[member], options)
  const rule = RULES.find(([name, isBroken]) => isBroken(valueOf(name), choices))
  return rule && { name: rule[0], problem: `is not allowed with \`fapi2()\`. ${rule[2]}` }
}
