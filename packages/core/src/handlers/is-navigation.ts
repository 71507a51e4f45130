/** Whether a browser shows the response as a page, by `Sec-Fetch-Mode` or, in old browsers, by `Accept`. */
export function isNavigation({ headers }: Request): boolean {
  const mode = headers.get('sec-fetch-mode')
  return mode === null ? /text\/html/.test(headers.get('accept') ?? '') : mode === 'navigate'
}
