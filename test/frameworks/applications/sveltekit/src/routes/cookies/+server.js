import { json } from '@sveltejs/kit'
import { orders } from '../../../auth.mjs'

export async function GET({ cookies }) {
  cookies.set('own', '1', { path: '/' })
  return json(await (await orders('orders')).json())
}
