import { svelteKitHandle } from '@evertoken/core/sveltekit'
import { auth } from '../auth.mjs'

export const handle = svelteKitHandle(auth)
