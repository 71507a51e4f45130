import { type Case, KINDS } from '../cases.ts'
import type { Step } from '../steps.ts'

export interface ProcessCase extends Case {
  readonly step: Step
  /** `SIGTERM`: the process drains, and then it exits. */
  readonly signal: 'SIGKILL' | 'SIGSTOP' | 'SIGTERM'
  /** The process exits at the signal. */
  readonly undrained?: boolean
}

/** In the order of a refresh. `send`: handed to `fetch`, which has sent nothing yet; `sent`: sent, and never received; `processed`: received, and the response pending. */
const PROCESS_STEPS: readonly Step[] = [
  'look',
  'lease read',
  'lease swap',
  'lease swapped',
  'send',
  'sent',
  'processed',
  'answer',
  'settling swap',
  'settling swapped',
  'response',
]

/** The only copy of the newest refresh token is in the process or was sent to it. No client can prevent the loss. */
const LOSING: ReadonlySet<Step> = new Set<Step>(['processed', 'answer', 'settling swap'])

const KILLED_OR_STOPPED: readonly ProcessCase[] = (['SIGKILL', 'SIGSTOP'] as const).flatMap((signal) =>
  PROCESS_STEPS.flatMap((step) =>
    KINDS.map((kind) => {
      const fault = `process: ${signal}${signal === 'SIGSTOP' ? ' past the lease' : ''}, ${step}`
      const overtakes = signal === 'SIGSTOP' && step === 'send'
      return { fault, step, kind, signal, overtakes, ...(LOSING.has(step) && { loses: true }) }
    }),
  ),
)

/** Without a drain, a process that is asked to stop ends with its work unfinished. */
const NOT_DRAINED: readonly ProcessCase[] = (
  ['send', 'answer', 'settling swap', 'response'] as const
).flatMap((step) =>
  KINDS.map((kind) => {
    const fault = `process: SIGTERM without drain, ${step}`
    return { fault, step, kind, signal: 'SIGTERM', undrained: true, ...(LOSING.has(step) && { loses: true }) }
  }),
)

/** A request that the server never receives would end with a timeout, not with the drain. */
const DRAINED: readonly ProcessCase[] = PROCESS_STEPS.filter((step) => step !== 'sent').flatMap((step) =>
  KINDS.map((kind) => {
    return { fault: `process: SIGTERM, ${step}`, step, kind, signal: 'SIGTERM' }
  }),
)

export const PROCESS_CASES: readonly ProcessCase[] = [...KILLED_OR_STOPPED, ...DRAINED, ...NOT_DRAINED]
