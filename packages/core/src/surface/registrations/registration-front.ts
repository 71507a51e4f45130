import { isPromise } from '../../mechanisms/runtime/is-promise.ts'
import { isNavigation, page } from '../../handlers/responses.ts'
import { asEvertokenError, problem, problemFor } from '../../handlers/problem.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import { splitNamedId } from '../../rules/sessions/session-id.ts'
import { RequestRefusedError } from '../../vocabulary/index.ts'
import { check } from '../check.ts'
import { createSessionFinder, findCurrent } from '../current-session.ts'
import type { Engine } from '../engine-functions.ts'
import { createSharedParts } from '../shared-parts.ts'
import { checkOptions, type EngineOptions, type Settings } from '../options.ts'
import { sourcesOf, withSourcesFrom } from '../application-sources.ts'
import type { SourceContext, TokenName } from '../token-source.ts'
import { createLazySession, createLazyTokenSession } from './lazy-session.ts'
import type { NamedRegistration } from './named-registration.ts'
import type { RegistrationHost } from './registrations.ts'
import { invalid } from '../checks.ts'

/** The engine of one registration. */
export type NamedEngine = Engine<TokenName>
/** An engine, or a promise if its registration must be loaded. Rejects if the registration does not exist. */
export type FoundEngine = NamedEngine | Promise<NamedEngine>

/** Finds the registration of a request or of a job. */
export interface Selection {
  ofRequest(request: Request, keepAlive: KeepAlive): FoundEngine
  /** @param name - The name in the ID of a session. */
  byName(name: string, keepAlive: KeepAlive): FoundEngine
  /** Whether a request is for a route, if its registration is not loaded. */
  isRoute(request: Request): boolean
  /** Returns the response for a request of which no registration is chosen yet. */
  choose?(request: Request): Response | undefined
  /** All engines, if they are known. */
  readonly engines?: readonly NamedEngine[]
}

/** The parts of an application that all its registrations share. */
export interface Front {
  /** The checked options. Those about one registration have no meaning. */
  readonly settings: Settings
  readonly shared: NamedRegistration['shared']
  /**
   * Creates the engine of one registration.
   *
   * @param registration - Replaces options of the application.
   * @throws {ConfigurationError} If the registration is invalid.
   */
  create(registration: object, named: Omit<NamedRegistration, 'shared'>): NamedEngine
  /** Creates the functions of the application. */
  connect(selection: Selection): NamedEngine
}

const OF_REGISTRATION = ['issuer', 'server', 'clientId', 'clientSecret'] as const
/** Completes the options, so that those of the application are checked when it starts, and not at the first request. */
const PLACEHOLDER = { issuer: 'https://registration.invalid', clientId: 'registration' }

/** @throws {ConfigurationError} If an option of the application is invalid. */
export function createFront({ options: given, runtime, createEngine }: RegistrationHost): Front {
  const { registrations: _, ...options } = given
  const misplaced = OF_REGISTRATION.find((name) => name in options)
  if (misplaced) throw invalid(misplaced, 'is in each of the `registrations`. Remove it')
  // Each registration completes these, so they are checked with it.
  const { clientAuthentication: __, diagnostics: ___, profile: ____, ...common } = options
  const settings = checkOptions({ ...common, ...PLACEHOLDER })
  const shared = createSharedParts(settings)
  // The parts of one more registration, which no request has.
  function findCommon(): SourceContext {
    const placeholder = { ...common, ...PLACEHOLDER } as EngineOptions
    const named = { name: '', realm: '', pathSuffix: '', shared }
    return sourcesOf(createEngine(placeholder, runtime, named)) as SourceContext
  }
  return {
    settings,
    shared,
    create: (registration, named) =>
      createEngine({ ...options, ...registration } as EngineOptions, runtime, { ...named, shared }),
    connect: (selection) => connectEngines(selection, shared, runtime, findCommon),
  }
}

function connectEngines(
  { ofRequest, byName, isRoute, choose, engines: all }: Selection,
  { work, emit }: NamedRegistration['shared'],
  runtime: RegistrationHost['runtime'],
  findCommon: () => SourceContext,
): NamedEngine {
  /** All calls for one request use the same engine, even if its registration changes in that time. */
  const engines = new WeakMap<Request, NamedEngine>()

  function find(request: Request, keepAlive: KeepAlive = runtime.keepAlive): FoundEngine {
    const known = engines.get(request)
    if (known) return known
    const found = ofRequest(request, keepAlive)
    if (isPromise(found)) return found.then((engine) => remember(request, engine))
    return remember(request, found)
  }

  function remember(request: Request, engine: NamedEngine): NamedEngine {
    const first = engines.get(request) ?? engine
    engines.set(request, first)
    return first
  }

  async function handle(
    request: Request,
    keepAlive: KeepAlive | undefined,
    respond: (engine: NamedEngine) => Promise<Response> | undefined,
  ): Promise<Response> {
    const chosen = choose?.(request)
    if (chosen) return chosen
    let engine: NamedEngine
    try {
      engine = await find(request, keepAlive)
    } catch (error) {
      return refusal(request, error)
    }
    return (await respond(engine)) ?? refusal(request, unknownRegistration())
  }

  const sessionOf = <Session>(
    request: Request,
    keepAlive: KeepAlive | undefined,
    open: (engine: NamedEngine) => Session,
  ): Session | Promise<Session> => {
    const found = find(request, keepAlive)
    return isPromise(found) ? work.track(found.then(open)) : open(found)
  }

  async function sourcesOfName(name: string | undefined): Promise<SourceContext> {
    const found = name === undefined ? undefined : await byName(name, runtime.keepAlive)
    const sources = found ? sourcesOf(found) : findCurrent(runtime.context)?.application.sources
    if (sources) return sources
    throw invalid('registration', 'is missing. Outside a request, set it to a name of your `registrations`')
  }

  const findSession = createSessionFinder(runtime.context, emit)
  const engine: NamedEngine = withSourcesFrom<NamedEngine>(
    {
      handle: (request, application, keepAlive) =>
        work.track(handle(request, keepAlive, (each) => each.handle(request, application, keepAlive))),
      route(request, keepAlive) {
        const chosen = choose?.(request)
        if (chosen) return Promise.resolve(chosen)
        const found = find(request, keepAlive)
        if (!isPromise(found)) return found.route(request, keepAlive)
        found.catch(() => undefined)
        if (!isRoute(request)) return undefined
        return work.track(handle(request, keepAlive, (each) => each.route(request, keepAlive)))
      },
      session(request, keepAlive) {
        const found = sessionOf(request, keepAlive, (each) => each.session(request, keepAlive))
        return isPromise(found) ? createLazySession(found) : found
      },
      readOnlySession(request, keepAlive) {
        const found = sessionOf(request, keepAlive, (each) => each.readOnlySession(request, keepAlive))
        return isPromise(found) ? createLazySession(found) : found
      },
      sessionById(id, keepAlive = runtime.keepAlive) {
        const named = splitNamedId(id)
        const found = named ? byName(named.name, keepAlive) : Promise.reject(unknownRegistration())
        const open = (each: NamedEngine) => each.sessionById(named?.key ?? '', keepAlive)
        return isPromise(found) ? createLazyTokenSession(work.track(found.then(open))) : open(found)
      },
      check: async () => (all ? (await Promise.all(all.map((each) => each.check()))).flat() : check(engine)),
      drain: work.drain,
      [Symbol.asyncDispose]: work[Symbol.asyncDispose],
    },
    Object.assign(() => findSession().application.sources, { of: sourcesOfName, common: findCommon }),
  )
  return engine
}

/** Returns the response for a request whose registration is unknown or cannot be loaded. */
function refusal(request: Request, error: unknown): Response {
  const failure = asEvertokenError(error)
  const isUnknown = failure.code === 'tenant_unknown'
  const response = isUnknown ? problem(404, failure) : problemFor(failure)
  if (!isNavigation(request)) return response
  // The page quotes nothing from the request, and names no option.
  const [title, text] = isUnknown ? ['Not found', failure.message] : ['Not available', 'Try again later.']
  return page(response, title, '', `<h1>${title}</h1><p>${text}</p><p><small>${failure.code}</small></p>`)
}

/** The message quotes nothing from the request. */
export function unknownRegistration(): RequestRefusedError {
  return new RequestRefusedError(
    'tenant_unknown',
    'This address or session belongs to no tenant of this application.',
  )
}
