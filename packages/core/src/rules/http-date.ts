const HTTP_DATE = /^[A-Z][a-z]{2,8},? .*\d\d:\d\d:\d\d (?:\d{4}|GMT)$/

/** Parses the three date formats of RFC 9110 §5.6.7. Returns seconds since the epoch. */
export function parseHttpDate(text: string): number | undefined {
  if (!HTTP_DATE.test(text)) return undefined
  // The asctime format has no time zone. Without GMT, it would be read as local time.
  const seconds = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`) / 1000
  return Number.isNaN(seconds) ? undefined : seconds
}
