// The part that all applications share. Each one gets a copy.
import { readFileSync } from 'node:fs'
import { evertoken } from '@evertoken/node'

const { ISSUER, CLIENT_SECRET, APP_URL, API_URL, SHIFT_FILE } = process.env

/** The test writes into a file how far the clock is ahead, because some frameworks run several processes. */
const ahead = () => Number(readFileSync(SHIFT_FILE, 'utf8'))

// Next.js loads this module several times. Instances with the same clock, client and secret share the default store.
const clock = (globalThis.testClock ??= {
  now: () => Date.now() / 1000 + ahead(),
  elapsed: () => performance.now() + ahead() * 1000,
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      signal?.addEventListener('abort', () => resolve(clearTimeout(timer)), { once: true })
    }),
})

export const auth = evertoken({
  issuer: ISSUER,
  clientId: 'web',
  clientSecret: CLIENT_SECRET,
  encryptionSecret: 'a secret of thirty-two characters',
  baseUrl: APP_URL,
  clock,
})

export const orders = auth.createTokenFetch({ baseUrl: API_URL })
