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

/**
 * Whether a path can be a route, if the base path of the application is not known yet. All other paths belong to the application.
 *
 * @param routePrefix - The prefix of the routes, below the base path.
 */
export function canBeRoute(pathname: string, routePrefix: string, choice: RouteChoice): boolean {
  const paths = [...routePaths(choice, ''), '/user', '/logout']
  if (choice.diagnostics) paths.push('/diagnostics')
  return paths.some((path) => pathname.endsWith(routePrefix + path))
}
