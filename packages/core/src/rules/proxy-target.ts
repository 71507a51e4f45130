import { type AllowedPrefix, fullyDecoded, isAllowed, parseUrl } from './allowed-urls.ts'

/** Which path of the application stands for which URL of an API. */
export interface ProxyTarget {
  /** Without the `/*` of a tree; empty for the tree of all paths. */
  readonly path: string
  /** Whether all that is below the path stands for all that is below the target. */
  readonly isTree: boolean
  /** Of a tree without its last slash. */
  readonly target: AllowedPrefix
}

/** A path without dot segments, for the tree below it when `*` comes last. */
const PATTERN = /^(?=\/)(?:\/(?!\.\.?(?:\/|$))[\w\-.~]+)*(?:\/\*?)?$/

/** Reads a pattern such as `/api/orders/*` or `/api/me`; `undefined` when it is none. */
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

/** The most precise target first. */
export function byPrecision(a: ProxyTarget, b: ProxyTarget): number {
  return b.path.length - a.path.length || Number(a.isTree) - Number(b.isTree)
}

/** The first target that a path belongs to. */
export function findTarget<T extends ProxyTarget>(pathname: string, targets: readonly T[]): T | undefined {
  return targets.find(({ path, isTree }) => pathname === path || (isTree && pathname.startsWith(`${path}/`)))
}

/** The URL of the API that a request is for (S30); `undefined` when some server could read it as one elsewhere. */
export function toTargetUrl(
  { pathname, search }: Pick<URL, 'pathname' | 'search'>,
  { path, target }: ProxyTarget,
): URL | undefined {
  const url = new URL(target.origin + target.pathname + pathname.slice(path.length) + search)
  return isAllowed(url, [target]) && !looksLikeHost(url.pathname) ? url : undefined
}

/** The path of the application that stands for a `Location` of the API; `undefined` when it leads out of the target. */
export function toProxyPath(location: string, from: URL, route: ProxyTarget): string | undefined {
  const url = parseUrl(location, from)
  const { path, isTree, target } = route
  if (!url || !isAllowed(url, [target]) || (!isTree && url.pathname !== target.pathname)) return undefined
  const pathname = path + url.pathname.slice(target.pathname.length) || '/'
  return looksLikeHost(pathname) ? undefined : pathname + url.search + url.hash
}

/** `//host` names a host to whoever resolves it as a reference, encoded to whoever decodes it first. */
function looksLikeHost(pathname: string): boolean {
  const seen = fullyDecoded(pathname)
  return seen === undefined || /^\/[/\\]/.test(seen)
}
