import { auth, orders } from '../../../auth.mjs'

export async function load({ fetch }) {
  const result = await (await orders('orders')).json()
  const inner = await (await fetch('/orders')).json()
  return { state: JSON.stringify({ user: (await auth.getUser())?.sub, result, inner }) }
}
