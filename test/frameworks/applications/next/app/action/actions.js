'use server'

import { redirect } from 'next/navigation'
import { orders } from '../../auth.mjs'
import { action } from '../../functions.mjs'

export const ordersAndCookies = action(async () => {
  const { sub } = await (await orders('orders')).json()
  redirect(`/page?sub=${sub}`)
})
