import type { Row } from './row.ts'
import { authorizationRequestRows } from './rows/authorization-requests.ts'
import { clientAuthenticationRows } from './rows/client-authentication.ts'
import { clientTokenRows } from './rows/client-tokens.ts'
import { connectionRows } from './rows/connections.ts'
import { dpopRows } from './rows/dpop.ts'
import { grantRows } from './rows/grants.ts'
import { perCallRows } from './rows/per-call.ts'
import { severalServerRows } from './rows/several-servers.ts'
import { type Config, createWorld, type Host } from './world.ts'

/** The table. To add an item, add a row to one of these lists. */
export const rows: readonly Row[] = [
  ...perCallRows,
  ...clientTokenRows,
  ...grantRows,
  ...clientAuthenticationRows,
  ...dpopRows,
  ...authorizationRequestRows,
  ...severalServerRows,
  ...connectionRows,
]

/** The result of one row on one runtime. */
export interface RowResult {
  readonly item: string
  readonly result: 'ok' | 'FAIL' | 'not on this runtime'
  /** The error, or the reason. */
  readonly detail?: string
}

const ROW_MS = 30_000

/** Runs all rows whose name contains the text, and reports each result. */
export async function runRows(
  host: Host,
  config: Config,
  only: string,
  report: (result: RowResult) => void,
): Promise<void> {
  for (const { item, notOn, run } of rows) {
    if (!item.includes(only)) continue
    const reason = notOn?.[host.runtime]
    if (reason !== undefined) {
      report({ item, result: 'not on this runtime', detail: reason })
      continue
    }
    const error = await inTime(run(createWorld(host, config)))
    report(error === undefined ? { item, result: 'ok' } : { item, result: 'FAIL', detail: error })
  }
}

/** Resolves to the error, if there is one. */
async function inTime(work: Promise<void>): Promise<string | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`takes longer than ${ROW_MS / 1000} s`), ROW_MS)
  })
  try {
    return await Promise.race([work.then(() => undefined, describeError), late])
  } finally {
    clearTimeout(timer)
  }
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code } = error as { readonly code?: string }
  return [code, error.stack ?? error.message, JSON.stringify(error.cause)].filter(Boolean).join('\n')
}
