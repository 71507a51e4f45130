import { chromium } from 'playwright-core'

const TIMEOUT_MS = 20_000
const ANSWER_TIMEOUT_MS = 10_000
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking']

/** Opens an empty page, and keeps everything that it gets to see: URLs, headers, bodies, events, messages. */
export async function openBrowser() {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
  const browser = await chromium.launch({ executablePath, args: ARGS })
  const context = await browser.newContext({ viewport: { width: 1180, height: 800 }, deviceScaleFactor: 2 })
  const page = await context.newPage()
  page.setDefaultTimeout(TIMEOUT_MS)

  const pieces = []
  page.on('pageerror', (error) => pieces.push(`page error: ${error}`))
  page.on('console', (message) => pieces.push(message.text()))
  page.on('request', (request) => pieces.push(request.url(), request.postData() ?? ''))
  page.on('response', (response) => pieces.push(textOf(response)))
  const devtools = await context.newCDPSession(page)
  await devtools.send('Network.enable')
  devtools.on('Network.eventSourceMessageReceived', ({ data }) => pieces.push(data))

  return { browser, context, page, seen: () => Promise.all(pieces) }
}

/** The response for a page that the browser has left might never arrive. It is then treated as empty. */
function textOf(response) {
  const left = new Promise((resolve) => setTimeout(resolve, ANSWER_TIMEOUT_MS, ''))
  return Promise.race([wholeTextOf(response), left])
}

async function wholeTextOf(response) {
  const headers = JSON.stringify(await response.allHeaders())
  // The body of a redirect cannot be read, and that of an event stream does not end.
  const hasNoBody = response.status() >= 300 && response.status() < 400
  if (hasNoBody || headers.includes('text/event-stream')) return headers
  return headers + (await response.text().catch(() => ''))
}
