import { ConfigurationError } from '@evertoken/core/tokens'

/** Options, or a function that creates them from `env`. */
export type FromEnv<Options, Env> = Options | ((env: Env) => Options)

interface Known<Engine> {
  /** A copy, because the application may change the object. */
  readonly env: Readonly<Record<string, unknown>>
  readonly engine: Engine
}

/** An isolate has one `env`. Several Workers that tests run in one isolate have a few. */
const MAX_KNOWN = 10

/**
 * Returns the engine for an `env`. An engine is created for each set of values, not for each object, because
 * frameworks copy `env`. A new engine would have no metadata, no flights and no connection to the refreshes of the
 * others.
 *
 * @param create - Creates an engine. `isRebuilt` shows that there is already one, for an `env` with other values.
 */
export function createEngines<Options, Engine, Env>(
  options: FromEnv<Options, Env>,
  create: (options: Options, isRebuilt: boolean) => Engine,
): (env: Env) => Engine {
  if (typeof options !== 'function') {
    const engine = create(options, false)
    return () => engine
  }
  const engines = new WeakMap<object, Engine>()
  const known: Known<Engine>[] = []

  function find(env: object): Engine {
    const same = known.find((each) => hasSameValues(each.env, env))
    if (same) return same.engine
    const engine = create((options as (env: object) => Options)(env), known.length > 0)
    known.push({ env: { ...env }, engine })
    if (known.length > MAX_KNOWN) known.shift()
    return engine
  }

  return (env) => {
    if (typeof env !== 'object' || env === null) throw notPassedOn('find the options')
    const engine = engines.get(env) ?? find(env)
    engines.set(env, engine)
    return engine
  }
}

export function notPassedOn(what: string): ConfigurationError {
  const message = `Cannot ${what}. Pass "env" and "ctx" of the Worker on, as in \`bind(env, ctx)\`.`
  return new ConfigurationError('invalid_option', message)
}

/**
 * Compares the values of two `env` objects. Bindings are objects, and a copy of `env` contains the same ones. An
 * object that shows no values, such as a proxy, always differs.
 */
function hasSameValues(known: Readonly<Record<string, unknown>>, env: object): boolean {
  const entries = Object.entries(env)
  return (
    entries.length > 0 &&
    entries.length === Object.keys(known).length &&
    entries.every(([name, value]) => Object.hasOwn(known, name) && Object.is(known[name], value))
  )
}
