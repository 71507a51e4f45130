/** An endpoint with these parameters, in the place of any of the same name. */
export function withQuery(endpoint: URL | string, parameters: Readonly<Record<string, string>>): URL {
  const url = new URL(endpoint)
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url
}
