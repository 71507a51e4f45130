import type { KeepAlive } from '../../ports/runtime.ts'
import { invalid } from '../checks.ts'
import type { ConnectionApplication } from './connection-application.ts'

/** A connection that an owner can connect: the result of `connections.get()`. */
export interface ConnectableConnection {
  /** The owner that was passed to `get`. */
  readonly owner: string
  /** The name that was passed to `get`. */
  readonly name: string
}

/** The parts of a connection that free functions use. */
export interface ConnectionParts {
  readonly application: ConnectionApplication
  readonly keepAlive: KeepAlive
}

/**
 * The key of a function that returns the parts of a connection. A function does not show the parts if it is printed.
 *
 * It is a global symbol, because a bundler can load this module twice.
 */
const PARTS: unique symbol = Symbol.for('evertoken.connection.1') as never

interface PartsMember {
  readonly [PARTS]: () => ConnectionParts
}

/** Adds the parts to a connection. */
export function withConnectionParts<Functions extends object>(
  functions: Functions,
  parts: ConnectionParts,
): Functions {
  return Object.assign(functions, { [PARTS]: () => parts } satisfies PartsMember)
}

/** @throws {ConfigurationError} If the object is not a connection. */
export function connectionPartsOf(connection: ConnectableConnection): ConnectionParts {
  const parts = (Object(connection) as Partial<PartsMember>)[PARTS]?.()
  if (!parts) throw invalid('connection', 'must be the result of `connections.get()`')
  return parts
}
