const REFUSING = /deny|cancel|abort|reject|decline/i
const ENTITIES = { amp: '&', quot: '"', lt: '<', gt: '>', '#x27': "'", '#39': "'", '#x2F': '/' }

/**
 * Reads the first form of a page.
 *
 * @returns Its inputs, with only one button: one that does not refuse.
 */
export function readForm(html) {
  const [, attributes, content] = /<form([^>]*)>([\s\S]*?)<\/form>/i.exec(html) ?? []
  if (content === undefined) return undefined
  const tags = content.matchAll(/<(input|button)\b((?:"[^"]*"|'[^']*'|[^>"'])*)>([^<]*)/gi)
  const controls = [...tags].map(([, tag, text, label]) => {
    const {
      name,
      value = '',
      type = tag.toLowerCase() === 'button' ? 'submit' : 'text',
    } = readAttributes(text)
    return { name, value, type, label: label + value }
  })
  const button = controls.find(({ type, label }) => type === 'submit' && !REFUSING.test(label))
  const inputs = controls.filter((each) => each.name && (each.type !== 'submit' || each === button))
  const { action = '', method = 'get' } = readAttributes(attributes)
  return { action, method: method.toLowerCase(), inputs }
}

function readAttributes(text) {
  const pairs = text.matchAll(/([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/g)
  return Object.fromEntries(
    [...pairs].map(([, name, double, single, bare]) => [
      name.toLowerCase(),
      decode(double ?? single ?? bare),
    ]),
  )
}

function decode(text) {
  return text.replaceAll(/&(#?\w+);/g, (whole, name) => ENTITIES[name] ?? whole)
}

/** Returns the beginning of the text of a page. */
export function readText(html) {
  const text = html.replaceAll(/<(style|script)[\s\S]*?<\/\1>|<[^>]*>/g, ' ')
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, 200)
}
