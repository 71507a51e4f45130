/** Converts members whose names are paths, such as `data.id`, to nested objects. */
export function nestMembers(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const [path, value] of Object.entries(members)) {
    const [name = '', ...rest] = path.split('.')
    const inner = { ...(result[name] as object | undefined), [rest.join('.')]: value }
    result[name] = rest.length === 0 ? value : inner
  }
  for (const [name, value] of Object.entries(result))
    if (Object(value) === value) result[name] = nestMembers(value as Record<string, unknown>)
  return result
}
