// A payment initiation at a bank that demands FAPI 2.0: PAR, private_key_jwt, DPoP, signed requests and responses, RAR.
import { importSigningKey } from '@evertoken/core/credentials'
import { fapi2 } from '@evertoken/core/fapi'
import { evertoken, type SessionStore } from '@evertoken/node'

declare const redis: SessionStore
declare function order(id: string): Promise<{ iban: string; amount: string }>

export const auth = evertoken({
  issuer: 'https://bank.example.com',
  clientId: 'tpp-4711',
  encryptionSecret: process.env['SESSION_SECRET'],
  baseUrl: 'https://pay.example.com',
  session: 'server',
  store: redis,
  scope: 'openid payments',
  profile: fapi2({
    key: () => importSigningKey(process.env['SIGNING_KEY'] ?? '', 'PS256', 'tpp-2026-11'),
    messageSigning: true,
  }),
})
const payments = auth.createTokenFetch({ baseUrl: 'https://api.bank.example.com/payments/' })

export const handler = auth.handler(async (request) => {
  const id = new URL(request.url).searchParams.get('order') ?? ''
  const { iban, amount } = await order(id)
  const detail = {
    type: 'payment_initiation',
    creditorAccount: { iban },
    instructedAmount: { currency: 'EUR', amount },
  }
  const token = await auth.getUserAccessToken()
  const isGranted = token?.authorizationDetails?.some((each) => JSON.stringify(each).includes(iban)) ?? false
  // The server side decides what is paid, and not a query that the browser could change.
  if (!isGranted)
    return auth.redirectToLogin({
      returnTo: `/pay?order=${id}`,
      authorizationDetails: [detail],
      prompt: 'consent',
    })
  const response = await payments('', { method: 'POST', body: JSON.stringify(detail) })
  return new Response(response.body, response)
})
