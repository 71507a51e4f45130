/** An endpoint with these parameters, in the place of any of the same name; what is undefined is left out. */
export function withQuery(
  endpoint: URL | string,
  parameters: Readonly<Record<string, string | undefined>>,
): URL {
  const url = new URL(endpoint)
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined) url.searchParams.set(name, value)
  return url
}
