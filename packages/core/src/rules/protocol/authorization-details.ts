import type { AuthorizationDetail } from '../../vocabulary/index.ts'
import { isJsonObject } from '../members.ts'

/** Whether a value is a list of details, each with a type (RFC 9396 §2), that JSON can carry. */
export function areAuthorizationDetails(value: unknown): value is readonly AuthorizationDetail[] {
  try {
    return Array.isArray(value) && value.length > 0 && value.every(isDetail) && JSON.stringify(value) !== ''
  } catch {
    return false
  }
}

/** Returns the details of a token response (RFC 9396 §7). Evertoken ignores malformed ones and keeps the others. */
export function readAuthorizationDetails(value: unknown): readonly AuthorizationDetail[] | undefined {
  return Array.isArray(value) ? value.filter(isDetail) : undefined
}

/** Returns the types that the parameter `authorization_details` of a request names. Malformed JSON names none. */
export function detailTypes(parameter: string | null | undefined): readonly string[] {
  try {
    const types = (readAuthorizationDetails(JSON.parse(parameter ?? '[]')) ?? []).map(({ type }) => type)
    return [...new Set(types)]
  } catch {
    return []
  }
}

/** Whether details of each requested type were granted. The server can reduce or complete each of them. */
export function areGranted(
  types: readonly string[],
  granted: readonly AuthorizationDetail[] | undefined = [],
): boolean {
  return types.every((type) => granted.some((each) => each.type === type))
}

function isDetail(value: unknown): value is AuthorizationDetail {
  return isJsonObject(value) && typeof value['type'] === 'string' && value['type'] !== ''
}
