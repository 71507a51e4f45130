import { byId, make } from './elements.ts'

const result = byId('result')

/** Shows the result of a call: rows for a list, lines for other data. */
export function showAnswer(call: string, response: Response, body: unknown, elapsedMs: number): void {
  const status = `${response.status} in ${Math.round(elapsedMs)} ms`
  const heading = make('h3', response.ok ? 'ok' : 'failed', status, make('span', '', call))
  const lines = Array.isArray(body)
    ? body.map((row: object) => Object.values(row))
    : Object.entries(body ?? {})
  result.replaceChildren(heading, make('table', '', ...lines.map(rowOf)))
}

export function showBurst({ calls, ok, refreshes }: { calls: number; ok: number; refreshes: number }): void {
  const dots = Array.from({ length: calls }, (_, i) => {
    const dot = make('i', i < ok ? '' : 'failed')
    dot.style.animationDelay = `${i * 4}ms`
    return dot
  })
  const times = refreshes === 1 ? '1 refresh' : `${refreshes} refreshes`
  const sum = make('p', 'sum', make('b', '', `${ok} of ${calls} answered`), `, ${times}`)
  result.lastElementChild?.replaceWith(make('div', 'dots', ...dots), sum)
}

function rowOf(cells: readonly unknown[]): HTMLElement {
  return make('tr', '', ...cells.map((cell) => make('td', '', String(cell))))
}
