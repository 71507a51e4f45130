import { uncertainAddress } from '../rules/browser/browser-address.ts'
import { isSecure } from '../rules/calls/allowed-urls.ts'
import { invalid } from './checks.ts'

/**
 * Returns the address of the application in browsers.
 *
 * @throws {ConfigurationError} If only `baseUrl` can show that.
 */
export function addressOf(
  request: Request,
  origin: string | undefined,
  insecureHosts: readonly string[],
): URL {
  const url = new URL(origin ?? request.url)
  if (origin !== undefined) return url
  const header = uncertainAddress(url, request.headers)
  if (header === undefined && isSecure(url, insecureHosts)) return url
  const reason = header === undefined ? 'arrived over http' : `has the header "${header}" of a reverse proxy`
  const problem = `is missing, because the request for ${url.host} ${reason}. Set it to the https URL that browsers use. With \`wrangler dev\` and a route, pass \`--local-upstream localhost:PORT\`.`
  throw invalid('baseUrl', problem)
}
