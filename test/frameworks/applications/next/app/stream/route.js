import { relay } from '@evertoken/node'
import { orders } from '../../auth.mjs'
import { route } from '../../functions.mjs'

export const GET = route(async () => relay(await orders('stream')))
