import { Refusal } from './refusal.ts'

/** RFC 6749 section 3.2: no parameter twice; `resource` is the exception (RFC 8707 section 2). */
export function refuseRepeated(parameters: URLSearchParams): void {
  for (const name of new Set(parameters.keys())) {
    if (name !== 'resource' && parameters.getAll(name).length > 1) {
      throw new Refusal('invalid_request', `The parameter '${name}' is repeated`)
    }
  }
}

export function required(parameters: URLSearchParams, name: string): string {
  const value = parameters.get(name)
  if (!value) throw new Refusal('invalid_request', `The parameter '${name}' is missing`)
  return value
}

/** RFC 8707 section 2: absolute and without a fragment. */
export function resourcesIn(parameters: URLSearchParams): string[] {
  const resources = parameters.getAll('resource')
  if (resources.some((resource) => !URL.canParse(resource) || resource.includes('#'))) {
    throw new Refusal('invalid_target', 'A resource must be an absolute URI without a fragment')
  }
  return resources
}
