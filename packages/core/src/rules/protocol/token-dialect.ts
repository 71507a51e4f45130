import { isJsonObject } from '../members.ts'

/** How requests and responses at the token endpoint differ from RFC 6749. */
export interface TokenDialect {
  readonly scopeSeparator: ' ' | ','
  /** Values of `token_type` that mean `Bearer`. */
  readonly tokenTypes: readonly string[]
}

/** Returns a token response whose `token_type` is `Bearer` if the server has another name for it. */
export function withBearerType(body: unknown, { tokenTypes }: Pick<TokenDialect, 'tokenTypes'>): unknown {
  if (!isJsonObject(body)) return body
  const { token_type: type } = body
  return typeof type === 'string' && tokenTypes.includes(type) ? { ...body, token_type: 'Bearer' } : body
}

/** Returns a scope with the separator of the server. */
export function writeScope(scope: string, { scopeSeparator }: Pick<TokenDialect, 'scopeSeparator'>): string {
  return scope.replaceAll(' ', scopeSeparator)
}
