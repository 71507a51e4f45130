import type { TokenHeader } from '../model/stored-tokens.ts'
import type { ServerDialect } from '../ports/dialect.ts'
import type { ServerVerdict } from '../rules/refresh/verdicts.ts'
import {
  type Check,
  type Checked,
  checkAll,
  hook,
  listOf,
  must,
  mustMatch,
  oneOf,
  type OptionTable,
  REQUIRED,
  text,
  url,
} from './checks.ts'

type VerdictValues = Checked<ServerVerdict, 'status' | 'member' | 'is'>

const VERDICT: OptionTable<VerdictValues> = {
  status: [must('be a status from 200 to 599', isStatus)],
  member: [text],
  is: [listOf(must('be a list of strings', (value) => typeof value === 'string'))],
  means: [oneOf('refresh_token_dead', 'sign_in_required', 'misconfigured', 'try_later'), REQUIRED],
}

const DIALECT: OptionTable<Checked<ServerDialect, keyof ServerDialect>> = {
  readTokenResponse: [hook],
  revoke: [hook],
}

export const isObject: Check = must('be an object', (value) => Object(value) === value)

/** Some servers select one of their policies by a query. */
export const urlWithQuery: Check = (value, hosts) =>
  text(value) ?? url((value as string).replace(/\?[^#]*$/, ''), hosts)

export const TOKEN_HEADER: OptionTable<Checked<TokenHeader, keyof TokenHeader>> = {
  name: [mustMatch('be the name of a header', /^[\w-]+$/)],
  prefix: [mustMatch('be a text that a header can have', /^[\x20-\x7e]*$/)],
}

/** Checks the option `server.verdicts`. */
export const verdicts: Check = (value) => {
  const problem = listOf(() => undefined)(value)
  if (problem !== undefined) return problem
  for (const [index, each] of (value as readonly ServerVerdict[]).entries()) {
    const { status, is } = checkAll<VerdictValues>(VERDICT, each, `server.verdicts[${index}].`)
    if (status === undefined && is === undefined) return `must have \`status\` or \`is\` in each element`
  }
  return undefined
}

/** Checks the option `server.dialect`. */
export const dialect: Check = (value) => {
  checkAll(DIALECT, value as object, 'server.dialect.')
  return undefined
}

function isStatus(value: number): boolean {
  return Number.isInteger(value) && value >= 200 && value <= 599
}
