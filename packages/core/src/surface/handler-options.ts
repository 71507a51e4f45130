import type { KeepAlive } from '../ports/runtime.ts'
import { checkAll, hook, type OptionTable } from './checks.ts'

/** Options of the handlers that the packages for runtimes create. */
export interface HandlerOptions {
  /**
   * Keeps background work alive after the response, such as `waitUntil` of the platform.
   *
   * @default The function of the runtime.
   */
  readonly keepAlive?: KeepAlive
}

const HANDLER_OPTIONS: OptionTable<{ readonly keepAlive: KeepAlive | undefined }> = { keepAlive: [hook] }

/**
 * Checks the options of a handler, so that a mistake shows when the handler is created.
 *
 * @throws {ConfigurationError} If an option is unknown or invalid.
 */
export function checkHandlerOptions(options: HandlerOptions = {}): {
  readonly keepAlive: KeepAlive | undefined
} {
  return checkAll(HANDLER_OPTIONS, options)
}
