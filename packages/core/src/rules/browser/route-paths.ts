/** The optional routes. */
export interface RouteChoice {
  readonly backChannelLogout?: unknown
  readonly frontChannelLogout?: boolean | undefined
  readonly diagnostics?: boolean | undefined
}

/**
 * Returns the paths of the routes for the authorization server, below the prefix of the routes.
 *
 * @param suffix - Names the registration, such as `/google`. Empty if the rest of the URL names it.
 */
export function routePaths(
  { backChannelLogout, frontChannelLogout }: RouteChoice,
  suffix: string,
): readonly string[] {
  const paths = [`/login${suffix}`, `/callback${suffix}`]
  if (backChannelLogout) paths.push(`/back-channel-logout${suffix}`)
  if (frontChannelLogout) paths.push(`/front-channel-logout${suffix}`)
  return paths
}

/** The facts that are known about the paths of an application before its registration is loaded. */
export interface KnownPaths {
  /** The base path that all registrations have by default. */
  readonly basePath: string
  /** The prefix of the routes, below the base path. */
  readonly routePrefix: string
  /** The name of the registration. If its base path is another one, it ends with the name. */
  readonly name: string | undefined
}

/** Whether a path is a route, if the registration is not loaded yet. All other paths belong to the application. */
export function canBeRoute(
  pathname: string,
  { basePath, routePrefix, name }: KnownPaths,
  choice: RouteChoice,
): boolean {
  const paths = [...routePaths(choice, ''), '/user', '/logout']
  if (choice.diagnostics) paths.push('/diagnostics')
  const found = paths.find((path) => pathname.endsWith(routePrefix + path))
  if (found === undefined) return false
  const prefix = pathname.slice(0, -(routePrefix + found).length)
  return prefix === '' || prefix === basePath || (name !== undefined && prefix.endsWith(`/${name}`))
}
