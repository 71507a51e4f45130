import { relay } from '@evertoken/node'
import { orders } from '../../auth.mjs'

export const loader = async () => relay(await orders('gzip'))
