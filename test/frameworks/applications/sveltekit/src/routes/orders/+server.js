import { relay } from '@evertoken/node'
import { orders } from '../../../auth.mjs'

export const GET = async () => relay(await orders('orders'))
