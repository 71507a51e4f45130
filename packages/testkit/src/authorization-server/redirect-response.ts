import type { ParameterTweak } from './model.ts'

/** Sends the browser back to the client with these parameters. `form_post` uses a page with a form that submits itself. */
export function respondToClient(
  uri: URL,
  parameters: Readonly<Record<string, string | undefined>>,
  mode: 'query' | 'form_post',
  { set, omit = [] }: ParameterTweak = {},
): Response {
  const sent = Object.entries({ ...parameters, ...set }).flatMap(([name, value]) =>
    value === undefined || omit.includes(name) ? [] : [[name, value] as const],
  )
  if (mode === 'form_post') return formPost(uri, sent)
  const target = new URL(uri)
  for (const [name, value] of sent) target.searchParams.set(name, value)
  return new Response(null, { status: 302, headers: { location: target.href, 'cache-control': 'no-store' } })
}

/** OAuth 2.0 Form Post Response Mode section 2. */
function formPost({ href }: URL, parameters: readonly (readonly [name: string, value: string])[]): Response {
  const inputs = parameters.map(
    ([name, value]) => `<input type="hidden" name="${escape(name)}" value="${escape(value)}">`,
  )
  const html =
    '<!doctype html><title>Submit this form</title><body onload="document.forms[0].submit()">' +
    `<form method="post" action="${escape(href)}">${inputs.join('')}</form>`
  const headers = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }
  return new Response(html, { headers })
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
}
