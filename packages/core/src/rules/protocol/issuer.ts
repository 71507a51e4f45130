/** The configured issuer, and how the issuer of the server can differ from it. */
export interface IssuerRules {
  readonly issuer: string
  readonly issuerInMetadata?: 'equal' | 'any' | undefined
  /** The IDs of the tenants that can replace the placeholder in the issuer of the metadata. */
  readonly tenants?: readonly string[] | undefined
}

/** The part of the issuer that each tenant of Microsoft Entra ID replaces with its ID. */
const PLACEHOLDER = '{tenantid}'

/**
 * Compares the issuer in the metadata with the configured one (RFC 8414 §3.3). Only a slash at the end can differ.
 *
 * A template must match the configured issuer, and needs a list of tenants: any organization can have users there.
 *
 * @returns The reason why the issuer is refused, or `undefined` if it is accepted.
 */
export function refuseIssuer(
  named: string,
  { issuer, issuerInMetadata, tenants = [] }: IssuerRules,
): 'other_issuer' | 'tenants_missing' | undefined {
  const isAccepted = issuerInMetadata === 'any' || isSameIssuer(named, issuer) || fillsTemplate(issuer, named)
  if (!isAccepted) return 'other_issuer'
  return named.includes(PLACEHOLDER) && tenants.length === 0 ? 'tenants_missing' : undefined
}

/**
 * Returns the issuer that a token must have.
 *
 * @param named - The issuer in the metadata. If it is a template, each tenant in the list has its own issuer.
 * @param tid - The claim with the tenant of the user. It is not verified yet.
 */
export function expectedIssuer(named: string, tid: unknown, tenants: readonly string[] = []): string {
  const tenant = tenants.find((each) => each === tid)
  return tenant === undefined ? named : inTenant(named, tenant)
}

/**
 * Returns the issuer that an authorization response must have (RFC 9207 §2.4). It names no tenant, only its issuer.
 *
 * @param iss - The issuer that the response names.
 */
export function expectedResponseIssuer(named: string, iss: unknown, tenants: readonly string[] = []): string {
  return tenants.map((tenant) => inTenant(named, tenant)).find((each) => each === iss) ?? named
}

/** Replaces the placeholder of a template by a tenant. */
export function inTenant(template: string, tenant: string): string {
  return template.replace(PLACEHOLDER, () => tenant)
}

/** Whether an `iss` can be that of the configured server. It proves nothing: the caller trusts the token for another reason. */
export function canBeIssuer(iss: unknown, { issuer, issuerInMetadata, tenants = [] }: IssuerRules): boolean {
  if (typeof iss !== 'string') return false
  return (
    issuerInMetadata === 'any' ||
    isSameIssuer(iss, issuer) ||
    tenants.some((each) => iss.includes(`/${each}/`))
  )
}

function isSameIssuer(one: string, other: string): boolean {
  return withoutSlash(one) === withoutSlash(other)
}

function withoutSlash(issuer: string): string {
  return issuer.replace(/\/$/, '')
}

function fillsTemplate(issuer: string, template: string): boolean {
  const [before = '', after, ...more] = withoutSlash(template).split(PLACEHOLDER)
  if (after === undefined || more.length > 0) return false
  const bare = withoutSlash(issuer)
  const tenant = bare.slice(before.length, bare.length - after.length)
  return bare === before + tenant + after && /^[^/]+$/.test(tenant)
}
