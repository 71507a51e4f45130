import { relay } from '@evertoken/node'
import { orders } from '../../auth.mjs'

export const action = async ({ request }) =>
  relay(await orders('upload', { method: 'POST', body: request.body, duplex: 'half' }))
