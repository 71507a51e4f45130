// SvelteKit: one hook gives every load function, action and endpoint the session of the user.
import { error, redirect, type Handle, type Load } from '@sveltejs/kit'
import { svelteKitHandle } from '@evertoken/core/sveltekit'
import { evertoken } from '@evertoken/node'

export const auth = evertoken({
  issuer: 'https://login.example.com',
  clientId: 'web',
  clientSecret: process.env['CLIENT_SECRET'],
  encryptionSecret: process.env['SESSION_SECRET'],
})
export const orders = auth.createTokenFetch({
  baseUrl: 'https://api.example.com/orders/',
  scope: 'orders:read',
})

// src/hooks.server.ts
export const handle: Handle = svelteKitHandle(auth)

// src/routes/orders/+page.server.ts
export const load: Load = async ({ url }) => {
  const response = await orders('recent')
  if (response.status === 401 && !response.headers.has('retry-after'))
    redirect(303, `/auth/login?returnTo=${url.pathname}`)
  const stepUp = auth.loginUrlFor(response, url.pathname)
  if (stepUp !== undefined) redirect(303, stepUp)
  if (!response.ok) error(response.status, 'The orders API does not respond.')
  return { orders: (await response.json()) as readonly { id: string }[] }
}
