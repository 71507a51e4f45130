/** A path below the application, and the prefix that browsers use for it. */
export interface ApplicationPath {
  readonly path: string
  readonly prefix: string
}

/**
 * Returns what the path of a request can mean to an application at a base path. A reverse proxy keeps the base path or
 * strips it, and the request does not show which. The most probable meaning comes first.
 *
 * @param basePath - Without a slash at the end. Empty for an application at the root.
 */
export function applicationPaths(pathname: string, basePath: string): ApplicationPath[] {
  if (!isBelow(pathname, basePath)) return [{ path: pathname, prefix: basePath }]
  const kept = { path: pathname.slice(basePath.length) || '/', prefix: basePath }
  return basePath === '' ? [kept] : [kept, { path: pathname, prefix: '' }]
}

/** Decides whether a path belongs to the application, as browsers see it. */
export function isBelow(pathname: string, basePath: string): boolean {
  return pathname === basePath || pathname.startsWith(`${basePath}/`)
}
