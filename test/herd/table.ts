import { idealSeconds, longestSeconds } from './conditions.ts'
import type { HerdReport } from './run.ts'

export const HEAD = [
  'sessions',
  'server',
  'timeout',
  'CPU',
  'lost',
  'unserved',
  'processed per expiry',
  'refused (429, 503)',
  'sent per expiry',
  'sockets',
  'drained',
  'ideal',
  'last client',
  'p99 wait',
  'CPU per refresh',
  'waited for a CPU',
] as const

/** One line of the table, in Markdown. */
export function lineOf(report: HerdReport): string {
  const { herd, lost, unserved, processed, turnedAway, mostSockets, drainedMs, waits } = report
  const { servedMs, cpuMs, starvedMs } = report
  const { sessions, server, serverTimeoutSeconds, cpu } = herd
  return row([
    sessions,
    server.name,
    `${serverTimeoutSeconds} s`,
    `${cpu * 100} %`,
    lost,
    unserved,
    (processed / sessions).toFixed(3),
    turnedAway,
    ((processed + turnedAway) / sessions).toFixed(3),
    mostSockets,
    `${(drainedMs / 1000).toFixed(1)} s`,
    `${idealSeconds(herd).toFixed(1)} s`,
    `${(servedMs / 1000).toFixed(1)} s`,
    `${(quantile(waits, 0.99) / 1000).toFixed(1)} s`,
    `${(cpuMs / sessions).toFixed(1)} ms`,
    `${(starvedMs / 1000).toFixed(1)} s`,
  ])
}

export function headLines(): string {
  return `${row(HEAD)}\n${row(HEAD.map(() => '---'))}`
}

/** Returns how a line misses the requirements. */
export function faultsOf(report: HerdReport): string[] {
  const { herd, lost, outdated, unserved, failed, troubles, processed, drainedMs, starvedMs } = report
  const longest = longestSeconds(herd) + starvedMs / 1000
  return [
    ...(lost > 0 ? [`${lost} sessions are lost: ${JSON.stringify(troubles)}`] : []),
    ...(outdated > 0 ? [`${outdated} sessions got a token that had expired`] : []),
    ...(unserved > 0 ? [`${unserved} sessions have no token`] : []),
    ...(failed > 0 ? [`${failed} calls failed without a time to come back`] : []),
    ...(processed === herd.sessions ? [] : [`${processed} token requests for ${herd.sessions} expiries`]),
    ...(drainedMs > longest * 1000
      ? [`drained after ${Math.round(drainedMs / 1000)} s, not ${Math.round(longest)} s`]
      : []),
  ]
}

const row = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length * share)] ?? 0
}
