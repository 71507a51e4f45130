'use server'

import { redirect } from 'next/navigation'
import { auth, orders } from '../../auth.mjs'
import { action } from '../../functions.mjs'

export const ordersAndCookies = action(async () => {
  const { sub } = await (await orders('orders')).json()
  redirect(`/page?sub=${sub}`)
})

export const freshToken = action(async () => (await auth.getUserAccessToken()).type)
