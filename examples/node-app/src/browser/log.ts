import type { EvertokenEvent } from '@evertoken/node'
import { byId, make } from './elements.ts'

interface Entry {
  readonly id: string
  readonly at: number
  readonly event: EvertokenEvent
  readonly count: number
}

const TONES: readonly (readonly [RegExp, string])[] = [
  [/failed|rejected|lost|too_large|ignored/, 'bad'],
  [/ended|revoked/, 'over'],
  [/shared/, 'info'],
]
const MAX_ROWS = 100

const list = byId('log')
const shown = new Map<string, { readonly entry: Entry; readonly row: HTMLElement }>()

/** Shows the events of the library, the newest first. It starts with those from before this page. */
export function followLog(onRefreshed: () => void): void {
  const source = new EventSource('/events')
  source.addEventListener('kept', (message: MessageEvent) => show(read(message)))
  source.addEventListener('message', (message) => {
    const entry = read(message)
    show(entry)
    if (entry.event.type === 'token_refreshed') onRefreshed()
  })
}

function read({ data }: MessageEvent): Entry {
  return JSON.parse(String(data)) as Entry
}

function show(entry: Entry): void {
  const row = rowOf(entry)
  const known = shown.get(entry.id)
  if (known) known.row.replaceWith(row)
  else list.prepend(row)
  shown.set(entry.id, { entry, row })
  const [oldest] = shown
  if (oldest && shown.size > MAX_ROWS) {
    oldest[1].row.remove()
    shown.delete(oldest[0])
  }
  byId('refreshed').textContent = `${total('token_refreshed')} refreshed`
  byId('shared').textContent = `${total('token_shared')} shared`
}

function rowOf({ at, event, count }: Entry): HTMLElement {
  const title = event.type.replaceAll('_', ' ').replace(/^./, (letter) => letter.toUpperCase())
  const tone = TONES.find(([pattern]) => pattern.test(event.type))?.[1] ?? 'good'
  const time = new Date(at).toLocaleTimeString('en-GB')
  const heading = make('b', '', count > 1 ? `${title} ×${count}` : title)
  return make('li', tone, heading, make('small', '', time), make('small', '', detailOf(event)))
}

function detailOf(event: EvertokenEvent): string {
  const details = Object.entries(event).filter(([name]) => name !== 'type')
  const parts = details.map(([name, value]) => {
    if (name === 'durationMs') return `in ${Math.round(Number(value))} ms`
    if (name === 'from')
      return value === 'flight' ? 'joined the pending refresh' : `from the ${String(value)}`
    const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
    return name === 'session' ? `session ${text}` : text.replaceAll('_', ' ')
  })
  return parts.toReversed().join(' · ')
}

function total(type: EvertokenEvent['type']): number {
  return [...shown.values()].reduce(
    (sum, { entry }) => sum + (entry.event.type === type ? entry.count : 0),
    0,
  )
}
