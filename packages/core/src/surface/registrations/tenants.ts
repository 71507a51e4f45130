import { isPromise } from '../../mechanisms/runtime/is-promise.ts'
import { systemClock, systemRandom } from '../../mechanisms/runtime/system-clock.ts'
import { createLoadedRegistrations } from '../../mechanisms/registrations/loaded-registrations.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import { canBeRoute } from '../../rules/browser/route-paths.ts'
import { omitUndefined } from '../../rules/members.ts'
import { bindLate, isSameRegistration, LATE_BOUND } from '../../rules/registrations/reuse.ts'
import { isRegistrationName } from '../../rules/sessions/session-id.ts'
import { cookieNameFor, parseCookies } from '../../rules/sessions/cookies.ts'
import type { RedactedCause } from '../../vocabulary/index.ts'
import { checkAll, hook, invalid, must, type OptionTable, REQUIRED, seconds } from '../checks.ts'
import { createRedirectUris, type RedirectUris } from './redirect-uris.ts'
import { checkRegistration, REGISTRATION_OPTIONS } from './registration-options.ts'
import {
  createFront,
  type FoundEngine,
  type Front,
  type NamedEngine,
  unknownRegistration,
} from './registration-front.ts'
import {
  createRegistrations,
  type RegistrationHost,
  type Registrations,
  type SignInRegistration,
} from './registrations.ts'

/** The client registration of one tenant. */
export type TenantRegistration = SignInRegistration & {
  /**
   * Where browsers find the application of this tenant, such as `https://acme.example.com` or `https://example.com/acme`.
   *
   * @default The option `baseUrl`, or the origin of the request.
   */
  readonly baseUrl?: string
}

/** How the tenant of a request is found, and its registration loaded. */
export interface TenantsOptions {
  /**
   * Returns the name of the tenant of a request, such as its host. `undefined`: the request is of no tenant, and gets 404.
   *
   * It is called for each request, so it must be fast. A name has at most 255 characters. If paths name the tenants, return the last
   * segment of the base path. Otherwise, the first request for a route of a tenant goes to your application.
   */
  readonly nameOf: (request: Request) => string | undefined
  /**
   * Loads the registration of a tenant, such as from a database. `undefined`: the tenant does not exist, and the request gets 404.
   *
   * The name may come from a forged request. If the function fails, Evertoken continues with the registration that it knows.
   */
  readonly load: (name: string) => TenantRegistration | undefined | Promise<TenantRegistration | undefined>
  /**
   * Seconds after which a registration that is in use is loaded again.
   *
   * @default 300
   */
  readonly cacheSeconds?: number
  /**
   * How many tenants a process keeps. The least recently used ones are loaded again when they are needed.
   *
   * @default 1000
   */
  readonly maxTenants?: number
}

const TENANTS: OptionTable<Required<TenantsOptions>> = {
  nameOf: [hook, REQUIRED],
  load: [hook, REQUIRED],
  cacheSeconds: [seconds, 300],
  maxTenants: [
    must('be a positive whole number', (value) => Number.isSafeInteger(value) && (value as number) > 0),
    1000,
  ],
}

/**
 * One application for many tenants, each with its own client registration, sessions and cookies.
 *
 * A session is found only under the name that it began with. Metadata, keys and waiting requests are separate for each tenant.
 *
 * @param options - How the tenant of a request is found, and its registration loaded.
 * @returns A value for the option `registrations` of `evertoken()`.
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 * @example
 *   const registrations = tenants({
 *     nameOf: (request) => new URL(request.url).hostname,
 *     load: (host) => ({ issuer: `https://login.${host}`, clientId: 'web' }), // from your database
 *   })
 *   export const auth = evertoken({ registrations, encryptionSecret })
 * @see {@link https://www.rfc-editor.org/rfc/rfc9700#section-4.4 RFC 9700, section 4.4: Authorization Server Mix-Up}
 */
export function tenants(options: TenantsOptions): Registrations {
  const checked = checkAll<Required<TenantsOptions>>(TENANTS, options)
  return createRegistrations((host) => connectTenants(checked, host))
}

interface Tenant {
  readonly engine: NamedEngine
  /** The result of the latest load, whose functions are called. */
  registration: TenantRegistration
}

const NAMES = [...REGISTRATION_OPTIONS, 'baseUrl']

function connectTenants(options: Required<TenantsOptions>, host: RegistrationHost): NamedEngine {
  const front = createFront(host)
  const { basePath, routePrefix, postLogoutPath, cookieName, serverTimeoutMs } = front.settings
  const { clock = systemClock } = front.settings
  const freshMs = options.cacheSeconds * 1000
  const redirectUris = createRedirectUris(clock, freshMs, options.maxTenants)
  const loaded = createLoadedRegistrations<Tenant>({
    async load(name, known) {
      const registration = await options.load(name)
      if (registration === undefined) return undefined
      checkRegistration(registration, NAMES)
      if (!known || !isSameRegistration(known.registration, registration, LATE_BOUND))
        return createTenant(name, registration, front, redirectUris)
      known.registration = registration
      return known
    },
    failed: (tenant, { code, cause }) =>
      front.shared.emit(
        omitUndefined({
          type: 'tenant_load_failed' as const,
          tenant,
          code,
          cause: cause as RedactedCause | undefined,
        }),
      ),
    freshMs,
    maxEntries: options.maxTenants,
    timeoutMs: serverTimeoutMs,
    clock,
    flights: host.runtime.flights,
    random: systemRandom,
  })

  function byName(name: unknown, keepAlive: KeepAlive): FoundEngine {
    if (!isRegistrationName(name)) return Promise.reject(unknownRegistration())
    const found = loaded.find(name, keepAlive)
    if (!isPromise(found)) return found.engine
    return found.then((tenant) => {
      if (tenant) return tenant.engine
      throw unknownRegistration()
    })
  }

  return front.connect({
    ofRequest(request, keepAlive) {
      try {
        return byName(options.nameOf(request), keepAlive)
      } catch {
        return Promise.reject(invalid('registrations', 'has a function `nameOf` that threw an error'))
      }
    },
    byName,
    isRoute(request) {
      const { pathname, searchParams } = new URL(request.url)
      const name = nameOrNone(options.nameOf, request)
      if (canBeRoute(pathname, { basePath, routePrefix, name }, host.options)) return true
      // The response of the authorization server to a sign-out goes to a path of the application.
      const isReturn =
        request.method === 'GET' && searchParams.has('state') && pathname.endsWith(postLogoutPath)
      const cookies = isReturn ? parseCookies(request.headers.get('cookie')).keys() : []
      return [...cookies].some((each) => each.includes(`${cookieName}-`) && each.endsWith('.logout'))
    },
  })
}

function nameOrNone(nameOf: TenantsOptions['nameOf'], request: Request): string | undefined {
  try {
    return nameOf(request)
  } catch {
    return undefined
  }
}

function createTenant(
  name: string,
  registration: TenantRegistration,
  front: Front,
  redirectUris: RedirectUris,
): Tenant {
  // Paths of one host can name tenants, so their cookies have different names. The names protect nothing: the keys differ.
  const cookieName = cookieNameFor(front.settings.cookieName, name)
  const engine = front.create(
    { ...bindLate(registration, () => tenant.registration), cookieName },
    {
      name,
      realm: `${JSON.stringify(['tenant', name])} `,
      pathSuffix: '',
      checkRedirectUri: (uri) => redirectUris.claim(uri, name, clientOf(registration)),
    },
  )
  const tenant: Tenant = { engine, registration }
  return tenant
}

function clientOf({ issuer, server, clientId }: TenantRegistration): string {
  return JSON.stringify([issuer ?? server?.issuer, clientId])
}
