import { createResponse, escapeHtml, page, UNFRAMED } from '../../handlers/responses.ts'
import { tagOf, withTag } from '../../mechanisms/sessions/tagged-sessions.ts'
import type { SessionStrategy } from '../../mechanisms/sessions/session-strategy.ts'
import { applicationPaths } from '../../rules/browser/base-path.ts'
import { routePaths } from '../../rules/browser/route-paths.ts'
import {
  cookieName as nameOnWire,
  defaultCookieName,
  joinCookie,
  parseCookies,
} from '../../rules/sessions/cookies.ts'
import type { StartLogin } from '../bound-session.ts'
import { invalid, noOptions } from '../checks.ts'
import { checkRegistration } from './registration-options.ts'
import { createFront, type NamedEngine, unknownRegistration } from './registration-front.ts'
import {
  createRegistrations,
  type RegistrationHost,
  type Registrations,
  type SignInRegistration,
} from './registrations.ts'

/** A part of a path, and of the value of a cookie. */
const NAME = /^[a-zA-Z][\w-]{0,31}$/

/**
 * Lets the user choose where to sign in, such as at Google or Microsoft.
 *
 * Each name has its own login route and callback: `/auth/login/google` and `/auth/callback/google`. Register each callback at its
 * server. `/auth/login` shows links to all of them. A session belongs to the registration that it began with.
 *
 * @param registrations - The client registrations by name. A name is a part of a path: letters, digits, `-` and `_`.
 * @returns A value for the option `registrations` of `evertoken()`.
 * @throws {ConfigurationError} If there is none, or a name or a registration is invalid.
 * @example
 *   const registrations = signInChoices({
 *     google: { server: google(), clientId: 'g', clientSecret: process.env.GOOGLE_SECRET },
 *     microsoft: { server: entra({ tenant: 'common' }), clientId: 'm', clientSecret: process.env.ENTRA_SECRET },
 *   })
 *   export const auth = evertoken({ registrations, encryptionSecret })
 * @see {@link https://www.rfc-editor.org/rfc/rfc9700#section-4.4.2.2 RFC 9700, section 4.4.2.2: Distinct Redirect URIs}
 */
export function signInChoices(registrations: Readonly<Record<string, SignInRegistration>>): Registrations {
  if (typeof registrations !== 'object' || registrations === null) throw noOptions('registrations.')
  const choices = Object.entries(registrations)
  if (choices.length === 0) throw invalid('registrations', 'must contain a registration')
  for (const [name, registration] of choices) {
    if (!NAME.test(name))
      throw invalid(
        'registrations',
        'must have names of letters, digits, "-" and "_" that begin with a letter',
      )
    checkRegistration(registration)
  }
  return createRegistrations((host) => connectChoices(choices, host))
}

type Choices = readonly (readonly [string, SignInRegistration])[]

function connectChoices(choices: Choices, host: RegistrationHost): NamedEngine {
  const front = createFront(host)
  const { routePrefix, basePath } = front.settings
  /** The paths that name a choice. */
  const namedRoutes = new Map(
    choices.flatMap(([name]) => routePaths(front.settings, `/${name}`).map((path) => [path, name] as const)),
  )
  // The choices share the cookie, so that a browser has one session. A choice that is added last does not change its name.
  const { cookieName = nameFor(choices) } = host.options
  const strategies = new Map<string, SessionStrategy>()
  const logins = new Map<string, StartLogin>()
  const engines = new Map<string, NamedEngine>()

  function create(name: string, registration: SignInRegistration): NamedEngine {
    return front.create(
      { ...registration, cookieName },
      {
        name,
        // The return from a sign-out has no name, so each choice must be able to read its note.
        realm: '',
        sessionRealm: `${JSON.stringify(['choice', name])} `,
        pathSuffix: `/${name}`,
        adaptSessions(sessions) {
          strategies.set(name, sessions)
          return withTag(sessions, name, (other) => strategies.get(other))
        },
        adaptLogin(own) {
          logins.set(name, own)
          return (bound, demand) => (logins.get(demand.registration ?? name) ?? own)(bound, demand)
        },
      },
    )
  }
  for (const [name, registration] of choices) engines.set(name, create(name, registration))
  const first = engines.values().next().value as NamedEngine

  /** Returns the paths of a request below the prefix of the routes. */
  const routesOf = (url: URL) =>
    applicationPaths(url.pathname, basePath)
      .filter(({ path }) => path.startsWith(`${routePrefix}/`))
      .map(({ path }) => path.slice(routePrefix.length))

  function ofRequest(request: Request): NamedEngine {
    const named = routesOf(new URL(request.url)).map((route) => namedRoutes.get(route) ?? '')
    const cookies = parseCookies(request.headers.get('cookie'))
    const cookie = joinCookie(nameOnWire(cookieName, true), cookies) ?? joinCookie(cookieName, cookies)
    const ofSession = typeof cookie === 'object' ? tagOf(cookie.value) : ''
    const name = [...named, ofSession].find((each) => engines.has(each)) ?? ''
    return engines.get(name) ?? first
  }

  /** Returns the page with a link for each choice. */
  function choose(request: Request): Response | undefined {
    const url = new URL(request.url)
    if (!routesOf(url).includes('/login')) return undefined
    if (request.method !== 'GET') return createResponse(405, { allow: 'GET' })
    const links = [...engines.keys()].map((name) => {
      const address = `${basePath}${routePrefix}/login/${name}${url.search}`
      return `<li><a href="${escapeHtml(address)}">${escapeHtml(name)}</a></li>`
    })
    return page(createResponse(200), 'Sign in', UNFRAMED, `<h1>Sign in</h1><ul>${links.join('')}</ul>`)
  }

  return front.connect({
    ofRequest,
    byName: (name) => engines.get(name) ?? Promise.reject(unknownRegistration()),
    isRoute: () => false,
    choose,
    engines: [...engines.values()],
  })
}

function nameFor([first]: Choices): string {
  const [, { issuer, server, clientId }] = first as Choices[number]
  return defaultCookieName(issuer ?? server?.issuer ?? '', clientId)
}
