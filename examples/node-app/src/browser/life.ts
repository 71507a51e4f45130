import { byId } from './elements.ts'

const LABELS = {
  fresh: 'valid',
  soft: 'refreshed at next use',
  expired: 'expired, refreshed at next use',
  over: 'expired for good',
}
/** The last quarter of a token's life is the time of a refresh in the background. */
const SOFT_SHARE = 0.25

const [card, label, seconds, bar] = [byId('token'), byId('life'), byId('seconds'), byId('bar')]
let expiresAt = 0
let lifetimeMs = 1
let renewable = true
let frame = 0

/** Lets the bar run down from here. Server and browser need not agree on the time of day. */
export function showLife(secondsLeft: number, lifetimeSeconds: number, canBeRenewed: boolean): void {
  renewable = canBeRenewed
  expiresAt = performance.now() + secondsLeft * 1000
  lifetimeMs = lifetimeSeconds * 1000
  cancelAnimationFrame(frame)
  draw()
}

function draw(): void {
  const left = Math.max(0, expiresAt - performance.now())
  const share = Math.min(1, left / lifetimeMs)
  const life = lifeOf(left, share)
  card.dataset['life'] = life
  label.textContent = LABELS[life]
  seconds.textContent = (left / 1000).toFixed(1)
  bar.style.transform = `translateX(${share * 100 - 100}%)`
  if (left > 0) frame = requestAnimationFrame(draw)
}

function lifeOf(left: number, share: number): keyof typeof LABELS {
  if (left === 0) return renewable ? 'expired' : 'over'
  return renewable && share <= SOFT_SHARE ? 'soft' : 'fresh'
}
