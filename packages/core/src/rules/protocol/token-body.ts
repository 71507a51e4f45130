import { isJsonObject } from '../members.ts'

/** A text that can only be a form: one line of `name=value` pairs. */
const FORM = /^[\w.~-]+=[^\s<>"{}]*$/

/**
 * Parses the body of a response of the token endpoint: JSON, or a form, which GitHub and others send by default.
 *
 * If a member occurs twice with different values, it is removed, because another parser could see the other value. Only
 * of two refresh tokens, the last one is kept, because the previous one is probably spent. Of damaged JSON, only the
 * refresh token is kept.
 *
 * @returns `undefined` if the body is not acceptable.
 */
export function parseTokenBody(text: string): unknown {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return /^\s*\{/.test(text) ? salvageRefreshToken(text) : parseForm(text.trim())
  }
  return isJsonObject(body) ? withoutConflicts(body, topLevelMembers(text)) : body
}

function parseForm(text: string): Record<string, unknown> | undefined {
  if (!FORM.test(text)) return undefined
  const members = [...new URLSearchParams(text)]
  return withoutConflicts(
    Object.fromEntries(members),
    members.map(([name, value]) => [JSON.stringify(name), JSON.stringify(value)]),
  )
}

/** A member of an object: its name and its value, both as JSON. */
type Member = readonly [name: string, value: string]

function withoutConflicts(
  body: Readonly<Record<string, unknown>>,
  members: readonly Member[],
): Record<string, unknown> {
  const result = { ...body }
  if (members.length === Object.keys(body).length) return result
  const seen = new Map<string, string>()
  for (const [nameJson, json] of members) {
    const name = JSON.parse(nameJson) as string
    const value = JSON.stringify(JSON.parse(json))
    if ((seen.get(name) ?? value) !== value && name !== 'refresh_token') delete result[name]
    seen.set(name, value)
  }
  return result
}

/** Finds the refresh token of a body that was cut off. The server may have replaced the previous one by it. */
function salvageRefreshToken(text: string): Record<string, unknown> | undefined {
  const tokens = topLevelMembers(text)
    .filter(([name]) => parseJson(name) === 'refresh_token')
    .map(([, json]) => parseJson(json))
  const token = tokens.findLast((value) => typeof value === 'string')
  return token === undefined ? undefined : { refresh_token: token }
}

/** Splits the members of the outermost object, which can be damaged. Takes linear time. */
function topLevelMembers(json: string): Member[] {
  const members: Member[] = []
  let depth = 0
  let [latest, start] = ['', 0]
  let name: string | undefined
  for (let at = 0; at <= json.length; at++) {
    const mark = json[at]
    if (mark === '"') {
      const first = at
      // A string that is not closed ends with the text.
      for (at++; at < json.length && json[at] !== '"'; at++) if (json[at] === '\\') at++
      if (depth === 1) latest = json.slice(first, at + 1)
    }
    if (mark === ':' && depth === 1) [name, start] = [latest, at + 1]
    const isEnd = at >= json.length || (depth === 1 && (mark === ',' || mark === '}'))
    if (isEnd && name !== undefined) members.push([name, json.slice(start, at)])
    if (isEnd) name = undefined
    if (mark === '{' || mark === '[') depth++
    if (mark === '}' || mark === ']') depth--
  }
  return members
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
