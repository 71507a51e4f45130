import { showLife } from './life.ts'
import { followLog } from './log.ts'
import { showAnswer, showBurst } from './result.ts'
import { byId } from './elements.ts'

interface Status {
  readonly signedIn: boolean
  readonly claims?: { readonly name: string; readonly email: string }
  readonly secondsLeft?: number
  readonly lifetimeSeconds?: number
}

let revoked = false

async function refreshStatus(): Promise<void> {
  const response = await fetch('/api/status')
  if (!response.ok) return
  const { signedIn, claims, secondsLeft = 0, lifetimeSeconds = 1 } = (await response.json()) as Status
  document.documentElement.dataset['state'] = signedIn ? 'in' : 'out'
  if (!claims) return
  byId('name').textContent = claims.name
  byId('email').textContent = claims.email
  byId('initials').textContent = claims.name.replaceAll(/(?<=\w)\w*\s*/g, '')
  // The server refreshes before it responds. If no token is left, the session has ended.
  showLife(secondsLeft, lifetimeSeconds, !revoked && secondsLeft > 0)
}

async function call(path: string, method: string): Promise<{ response: Response; body: unknown }> {
  const startedAt = performance.now()
  const response = await fetch(path, { method })
  const body: unknown = await response.json()
  showAnswer(`${method} ${path}`, response, body, performance.now() - startedAt)
  return { response, body }
}

/** One thing at a time: the button waits for its answer, then the bar follows. */
function onClick(id: string, work: () => Promise<void>): void {
  const button = byId(id) as HTMLButtonElement
  button.addEventListener('click', () => {
    button.disabled = true
    void work()
      .then(refreshStatus)
      .finally(() => (button.disabled = false))
  })
}

onClick('orders', async () => {
  await call('/api/orders', 'GET')
})
onClick('profile', async () => {
  await call('/api/profile', 'GET')
})
onClick('burst', async () => {
  const { response, body } = await call('/api/burst?calls=100', 'POST')
  if (response.ok) showBurst(body as { calls: number; ok: number; refreshes: number })
})
onClick('revoke', async () => {
  const { response } = await call('/api/revoke', 'POST')
  if (!response.ok) return
  revoked = true
  byId('note').textContent = 'The refresh token is revoked: this access token is the last one.'
})

followLog(() => void refreshStatus())
void refreshStatus()
