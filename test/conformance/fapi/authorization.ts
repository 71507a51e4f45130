import { randomUUID } from 'node:crypto'
import { must } from '../verdict.ts'
import type { Incoming, Outgoing } from './incoming.ts'
import { createJwt } from './keys.ts'
import { createNonces, type Nonces, nonceRequired } from './nonces.ts'
import type { ProviderContext } from './provider.ts'
import { CLIENT_ID, scopeOf } from './variant.ts'

const REQUEST_SECONDS = 600
const RESPONSE_SECONDS = 600
const AUTHENTICATION = ['client_id', 'client_assertion_type', 'client_assertion']

/** A pushed authorization request. */
export interface PushedRequest {
  readonly parameters: Readonly<Record<string, unknown>>
  /** The thumbprint of the key that the code is bound to. */
  readonly key: string | undefined
  readonly expiresAt: number
}

/** The endpoints for authorization requests. */
export interface Authorization {
  /** The nonces of the authorization server. */
  readonly nonces: Nonces
  push(request: Incoming): Promise<Outgoing>
  authorize(request: Incoming): Outgoing
  /** Returns the request for which a code was issued. A code works once. */
  takeCode(code: string): PushedRequest | undefined
}

export function createAuthorization(context: ProviderContext): Authorization {
  const { issuer, variant, deviations, redirectUri, checks, now, remark } = context
  const { messageSigning } = variant
  const requests = new Map<string, PushedRequest>()
  const codes = new Map<string, PushedRequest>()
  const nonces = createNonces(deviations.nonces ?? true)

  async function parametersOf(form: URLSearchParams): Promise<PushedRequest['parameters']> {
    must(!form.has('request_uri'), 'a `request_uri` was pushed')
    const object = form.get('request')
    must((object !== null) === messageSigning, 'the pushed request is not signed, or must not be')
    if (object === null) return Object.fromEntries(form)
    const others = [...form.keys()].filter((name) => name !== 'request' && !AUTHENTICATION.includes(name))
    must(others.length === 0, `${others.join(', ')} is not in the request object`)
    return checks.requestObject(object, remark)
  }

  function checkParameters({ nonce, state, ...parameters }: PushedRequest['parameters']): void {
    must(parameters['response_type'] === 'code', '`response_type` is not `code`')
    must(parameters['client_id'] === CLIENT_ID, 'the pushed `client_id` is wrong')
    must(parameters['redirect_uri'] === redirectUri, 'the pushed `redirect_uri` is not the registered one')
    must(parameters['scope'] === scopeOf(variant), 'the `scope` is not the registered one')
    must(parameters['code_challenge_method'] === 'S256', 'PKCE does not use S256')
    must(/^[\w-]{43}$/.test(String(parameters['code_challenge'])), 'the `code_challenge` is malformed')
    const modes = messageSigning ? ['jwt', 'query.jwt'] : [undefined, 'query']
    must(
      modes.includes(parameters['response_mode'] as string),
      'the `response_mode` is not the configured one',
    )
    if (variant.clientType === 'plain_oauth') {
      must(nonce === undefined, 'a `nonce` was sent without `openid`')
      if (String(state).length > 128) remark('the state is long')
    } else if (!/^[\w.~-]{1,43}$/.test(String(nonce)))
      remark('the nonce is missing, long or has unusual characters')
  }

  return {
    nonces,
    async push(request) {
      const { method, form, headers } = request
      must(method === 'POST', 'the request was not pushed with POST')
      await checks.assertion(form)
      const parameters = await parametersOf(form)
      checkParameters(parameters)
      const named = parameters['dpop_jkt'] as string | undefined
      const proof = headers['dpop'] === undefined ? undefined : await checks.proof(request)
      if (proof && !nonces.accepts(proof.nonce)) return nonceRequired(nonces)
      must((proof?.key ?? named) === (named ?? proof?.key), '`dpop_jkt` is not the key of the proof')
      const uri = `urn:ietf:params:oauth:request_uri:${randomUUID()}`
      requests.set(uri, { parameters, key: proof?.key ?? named, expiresAt: now() + REQUEST_SECONDS })
      return { status: 201, body: { request_uri: uri, expires_in: REQUEST_SECONDS } }
    },
    authorize({ url: { searchParams: query } }) {
      const names = [...query.keys()].toSorted().join(' ')
      must(names === 'client_id request_uri', `the authorization request has the parameters ${names}`)
      must(query.get('client_id') === CLIENT_ID, 'the `client_id` of the authorization request is wrong')
      const uri = query.get('request_uri') ?? ''
      const pushed = requests.get(uri)
      must(pushed !== undefined, 'the `request_uri` is unknown, or was used before')
      must(pushed.expiresAt > now(), 'the `request_uri` has expired')
      requests.delete(uri)
      nonces.renew()
      const code = randomUUID()
      codes.set(code, pushed)
      const response = { iss: issuer, code, state: pushed.parameters['state'] }
      const signed = { ...response, aud: CLIENT_ID, exp: now() + RESPONSE_SECONDS }
      const correct = messageSigning ? signed : response
      const members = deviations.authorizationResponse?.(correct) ?? correct
      const sent = messageSigning ? { response: createJwt(members, deviations.responseSignature) } : members
      const location = new URL(redirectUri)
      for (const [name, value] of Object.entries(sent))
        if (typeof value === 'string') location.searchParams.set(name, value)
      return { status: 302, headers: { location: location.href } }
    },
    takeCode(code) {
      const pushed = codes.get(code)
      codes.delete(code)
      return pushed
    },
  }
}
