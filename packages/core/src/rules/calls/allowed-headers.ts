/** Headers that no option allows, in one direction or the other. */
const CONNECTION =
  'connection|keep-alive|proxy.*|te|trailer|transfer-encoding|upgrade|host|expect|cookie2?|set-cookie2?|x-evertoken'
const NEVER_FOR_THE_API = new RegExp(`^(?:${CONNECTION}|accept-encoding|authorization|dpop)$`)
const NEVER_FOR_THE_BROWSER = new RegExp(
  `^(?:${CONNECTION}|access-control-.*|clear-site-data|strict-transport-security|alt-svc|refresh|forwarded|x-forwarded-.*` +
    '|x-accel-.*|x-sendfile|x-lighttpd-send.*|service-worker-allowed|nel|report-to|reporting-endpoints' +
    '|.*-report-only|secure-session-.*)$',
)

/** Decides whether an option may add a request header to those that an API gets. Names are in lower case. */
export function mayAllowForApi(name: string): boolean {
  return !NEVER_FOR_THE_API.test(name.replaceAll('_', '-'))
}

/** Decides whether an option may add a response header to those that a browser gets. Names are in lower case. */
export function mayAllowForBrowser(name: string): boolean {
  return !NEVER_FOR_THE_BROWSER.test(name.replaceAll('_', '-'))
}
