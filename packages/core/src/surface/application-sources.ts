import type { KeepAlive } from '../ports/runtime.ts'
import { invalid } from './checks.ts'
import type { SourceContext } from './token-source.ts'

/**
 * The key of a function that returns the parts of an application. Adapters copy it together with the other functions, and a
 * function does not show the parts if it is printed.
 *
 * It is a global symbol, because a bundler can load this module twice.
 */
const SOURCES: unique symbol = Symbol.for('evertoken.sources.1') as never

/** Adds the parts of an application to the object that the application gets. */
export function withSources<Functions extends object>(
  functions: Functions,
  sources: SourceContext,
): Functions {
  return withSourcesFrom(functions, () => sources)
}

/** @param find - Finds the parts at each use, because an application with several registrations has several. */
export function withSourcesFrom<Functions extends object>(
  functions: Functions,
  find: FindSources,
): Functions {
  return Object.assign(functions, { [SOURCES]: find } satisfies SourcesMember)
}

/** Finds the parts for the request that is handled, if the application has several registrations. */
export interface FindSources {
  (): SourceContext
  /**
   * Finds the parts of a registration. Absent if the application has one registration.
   *
   * @param registration - Its name. Default: the registration of the request that is handled.
   */
  readonly of?: ((registration: string | undefined) => Promise<SourceContext>) | undefined
  /** Returns the parts that all registrations share. Those of one registration have no meaning. Present with `of`. */
  readonly common?: (() => SourceContext) | undefined
}

/** Whether an application has several registrations, so that only their common parts can be kept. */
export function hasSeveralRegistrations(application: object): boolean {
  return (application as Partial<SourcesMember>)[SOURCES]?.of !== undefined
}

interface SourcesMember {
  readonly [SOURCES]: FindSources
}

/**
 * Adds the internal parts of an engine to an object with its functions, so that free functions such as `check` accept it. A
 * copy of the engine by spread has them already.
 *
 * @param functions - The object that the application gets.
 * @param engine - The result of `createEngine`, or a copy of it.
 * @param keepAlive - Keeps the background work of these functions alive. Default: the function of the runtime.
 * @returns The same object.
 * @example
 *   const engine = createEngine({ ...options, store }, runtime)
 *   const functions = withPartsOf({ handle: engine.handle }, engine)
 */
export function withPartsOf<Functions extends object>(
  functions: Functions,
  engine: object,
  keepAlive?: KeepAlive,
): Functions {
  const find = (engine as Partial<SourcesMember>)[SOURCES]
  if (!find) return functions
  const { of, common } = find
  const own: FindSources = () => withKeepAlive(find(), keepAlive)
  const ofName = of && (async (name: string | undefined) => withKeepAlive(await of(name), keepAlive))
  const ofAll = common && (() => withKeepAlive(common(), keepAlive))
  return withSourcesFrom(functions, Object.assign(own, { of: ofName, common: ofAll }))
}

function withKeepAlive(sources: SourceContext, keepAlive: KeepAlive | undefined): SourceContext {
  if (!keepAlive) return sources
  return {
    ...sources,
    keepAlive(work) {
      // It tracks the work for `drain`.
      sources.keepAlive(work)
      keepAlive(work)
    },
  }
}

/** Returns the parts of an application, or `undefined` if the object is from elsewhere. */
export function sourcesOf(application: object): SourceContext | undefined {
  return (application as Partial<SourcesMember>)[SOURCES]?.()
}

/** Returns the parts of an application that do not depend on a registration, or `undefined` if the object is from elsewhere. */
export function commonSourcesOf(application: object): SourceContext | undefined {
  const find = (application as Partial<SourcesMember>)[SOURCES]
  return (find?.common ?? find)?.()
}

/**
 * Returns the parts of one registration of an application, or `undefined` if the object is from elsewhere.
 *
 * @param registration - The name that the caller requires.
 * @param ofId - The name in the ID of a session. It has no meaning if the application has one registration.
 * @throws {ConfigurationError} If the caller must name the registration, or must not.
 */
export async function sourcesOfRegistration(
  application: object,
  registration: string | undefined,
  ofId: string | undefined,
): Promise<SourceContext | undefined> {
  const find = (application as Partial<SourcesMember>)[SOURCES]
  if (find?.of) return find.of(registration ?? ofId)
  if (registration !== undefined)
    throw invalid('registration', 'is only for an application with `registrations`')
  return find?.()
}
