import { relay } from '@evertoken/node'
import { orders } from '../../auth.mjs'
import { route } from '../../functions.mjs'

export const POST = route(async (request) =>
  relay(await orders('upload', { method: 'POST', body: request.body, duplex: 'half' })),
)
