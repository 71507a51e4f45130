/** Returns an endpoint with these parameters. They replace parameters of the same name. Omits undefined values. */
export function withQuery(
  endpoint: URL | string,
  parameters: Readonly<Record<string, string | undefined>>,
): URL {
  const url = new URL(endpoint)
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined) url.searchParams.set(name, value)
  return url
}
