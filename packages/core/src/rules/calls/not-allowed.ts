import type { AllowedPrefix } from './allowed-urls.ts'

/**
 * Describes why a URL may not be called with a token, and the change to make. Shows no query of the URL.
 *
 * @param input - The text from which the URL was built.
 * @param prefixes - The allowed URLs. A relative text was resolved against the first one.
 */
export function describeNotAllowed(
  { origin, pathname }: URL,
  input: string,
  prefixes: readonly AllowedPrefix[],
): string {
  const allowed = prefixes.map((prefix) => `'${prefix.origin}${prefix.pathname}'`).join(' or ')
  const facts = `Cannot call '${origin}${pathname}' with a token. Only URLs below ${allowed} are allowed.`
  const [first] = prefixes
  if (origin !== first?.origin || URL.canParse(input)) return `${facts} Add it to \`allowedUrls\`.`
  if (/^[/\\]/.test(input))
    return `${facts} The likely cause is the slash at the start of the path. Remove it.`
  const isMissing = !first.pathname.endsWith('/')
  return `${facts} ${isMissing ? 'Add a slash to the end of `baseUrl`.' : 'Remove the dot segments of the path.'}`
}
