import { next } from '@evertoken/core/next'
import { auth } from './auth.mjs'

export const { GET, POST, route, proxy, session, action } = next(auth)
