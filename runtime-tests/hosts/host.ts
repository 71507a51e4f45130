import type { startWorkerd } from '../../packages/cloudflare/test/workerd.mjs'
import type { ensureBun, ensureDeno, ensureNode } from '../../scripts/tools.mjs'
import type { HostConfig } from '../config.ts'

/** The application, running somewhere. */
export interface Host {
  /** Its origin, without a slash at the end. */
  readonly url: string
  /** All that it has printed. */
  output(): string
  stop(): Promise<void>
}

export interface Runtime {
  /** Such as `node@20.20.2`. */
  readonly name: string
  start(config: HostConfig): Promise<Host>
}

/** Handed over by `run.mjs`: they find their files by their own place, which a bundle would move. */
export interface Tools {
  readonly ensureNode: typeof ensureNode
  readonly ensureDeno: typeof ensureDeno
  readonly ensureBun: typeof ensureBun
  readonly startWorkerd: typeof startWorkerd
}
