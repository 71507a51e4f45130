import { createElement } from 'react'
import { session } from '../../functions.mjs'
import { freshToken, ordersAndCookies } from '../action/actions.js'

/** A server component, and a form whose action has no script. */
export default async function Page() {
  const current = await session()
  const orders = current.createTokenFetch({ baseUrl: process.env.API_URL })
  const result = await orders('orders').then(
    (response) => response.json(),
    ({ code }) => ({ code }),
  )
  // A page must not call an action while it renders: no cookie could be set.
  const action = await freshToken().catch(({ code }) => code)
  const form = createElement('form', { action: ordersAndCookies }, createElement('button', null, 'Order'))
  const text = JSON.stringify({ user: (await current.getUser())?.sub, result, action })
  return createElement('main', null, createElement('pre', null, text), form)
}
