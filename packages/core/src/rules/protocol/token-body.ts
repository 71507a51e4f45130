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
    members.map(([name, value]) => [name, JSON.stringify(value)]),
  )
}

/** A member of an object: its name, and its value as JSON. */
type Member = readonly [name: string, json: string]

function withoutConflicts(
  body: Readonly<Record<string, unknown>>,
  members: readonly Member[],
): Record<string, unknown> {
  const result = { ...body }
  if (members.length === Object.keys(body).length) return result
  const seen = new Map<string, string>()
  for (const [name, json] of members) {
    const value = JSON.stringify(JSON.parse(json))
    if ((seen.get(name) ?? value) !== value && name !== 'refresh_token') delete result[name]
    seen.set(name, value)
  }
  return result
}

/** Finds the refresh token of a body that was cut off. The server may have replaced the previous one by it. */
function salvageRefreshToken(text: string): Record<string, unknown> | undefined {
  const tokens = topLevelMembers(text)
    .filter(([name]) => name === 'refresh_token')
    .map(([, json]) => parseJson(json))
  const token = tokens.findLast((value) => typeof value === 'string')
  return token === undefined ? undefined : { refresh_token: token }
}

/** Splits the members of the outermost object, which can be damaged. Takes linear time. */
function topLevelMembers(json: string): Member[] {
  const members: Member[] = []
  const marks = /["{}[\]:,]/g
  let depth = 0
  let previous = ''
  let name: unknown
  let start = 0
  const endMember = (at: number) => {
    if (typeof name === 'string') members.push([name, json.slice(start, at).trim()])
    name = undefined
  }
  for (let match = marks.exec(json); match; match = marks.exec(json)) {
    const { 0: mark, index } = match
    if (mark === '"') {
      marks.lastIndex = endOfString(json, index)
      if (depth === 1) previous = json.slice(index, marks.lastIndex)
      continue
    }
    if (depth === 1 && (mark === ',' || mark === '}')) endMember(index)
    if (depth === 1 && mark === ':') {
      name = parseJson(previous)
      start = index + 1
    }
    if (mark === '{' || mark === '[') depth++
    if (mark === '}' || mark === ']') depth--
  }
  endMember(json.length)
  return members
}

/** Returns the index after a string. A string that is not closed ends with the text. */
function endOfString(json: string, start: number): number {
  for (let at = json.indexOf('"', start + 1); at >= 0; at = json.indexOf('"', at + 1)) {
    let backslashes = 0
    while (json[at - 1 - backslashes] === '\\') backslashes++
    if (backslashes % 2 === 0) return at + 1
  }
  return json.length
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
