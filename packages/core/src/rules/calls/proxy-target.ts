import { type AllowedPrefix, fullyDecoded, isAllowed, parseUrl } from './allowed-urls.ts'

/** Maps a path of the application to a URL of an API. */
export interface ProxyTarget {
  /** The path without the `/*` of a tree. Empty for the tree of all paths. */
  readonly path: string
  /** Whether all paths below this one map to URLs below the target. */
  readonly isTree: boolean
  /** The target. If it is a tree, its last slash is removed. */
  readonly target: AllowedPrefix
}

/** A path without dot segments. A `*` at the end includes all paths below it. */
const PATTERN = /^(?=\/)(?:\/(?!\.\.?(?:\/|$))[\w\-.~]+)*(?:\/\*?)?$/

/** Parses a pattern such as `/api/orders/*` or `/api/me`. Returns `undefined` if it is invalid. */
export function parseProxyTarget(
  pattern: string,
  { origin, pathname }: AllowedPrefix,
): ProxyTarget | undefined {
  if (!PATTERN.test(pattern)) return undefined
  const isTree = pattern.endsWith('*')
  return isTree
    ? { path: pattern.slice(0, -2), isTree, target: { origin, pathname: pathname.replace(/\/$/, '') } }
    : { path: pattern, isTree, target: { origin, pathname } }
}

/** Sorts the most precise target first. */
export function byPrecision(a: ProxyTarget, b: ProxyTarget): number {
  return b.path.length - a.path.length || Number(a.isTree) - Number(b.isTree)
}

/** Returns the first target that a path belongs to. */
export function findTarget<T extends ProxyTarget>(pathname: string, targets: readonly T[]): T | undefined {
  return targets.find(({ path, isTree }) => pathname === path || (isTree && pathname.startsWith(`${path}/`)))
}

/**
 * Returns the API URL for a request (S30). Returns `undefined` if a server could read it as a URL outside of the
 * target.
 */
export function toTargetUrl(
  { pathname, search }: Pick<URL, 'pathname' | 'search'>,
  { path, target }: ProxyTarget,
): URL | undefined {
  const url = new URL(target.origin + target.pathname + pathname.slice(path.length) + search)
  return isAllowed(url, [target]) && !looksLikeHost(url.pathname) ? url : undefined
}

/** Returns the path of the application for a `Location` of the API. `undefined` if it is outside of the target. */
export function toProxyPath(location: string, from: URL, route: ProxyTarget): string | undefined {
  const url = parseUrl(location, from)
  const { path, isTree, target } = route
  if (!url || !isAllowed(url, [target]) || (!isTree && url.pathname !== target.pathname)) return undefined
  const pathname = path + url.pathname.slice(target.pathname.length) || '/'
  return looksLikeHost(pathname) ? undefined : pathname + url.search + url.hash
}

/**
 * Whether a path names a host. `//host` does when it is resolved as a reference, and in encoded form after it is
 * decoded.
 */
function looksLikeHost(pathname: string): boolean {
  const seen = fullyDecoded(pathname)
  return seen === undefined || /^\/[/\\]/.test(seen)
}
