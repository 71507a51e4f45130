import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Clock, evertoken, type EvertokenEvent, type EvertokenOptions } from '@evertoken/node'
import { CLIENT } from './provider.ts'

/** How the application differs from the default configuration of the suite. */
export type ApplicationOptions = Partial<Omit<EvertokenOptions, 'server' | 'issuer'>> & {
  /** Members of the server profile. */
  readonly server?: Readonly<Record<string, unknown>>
}

/** A socket that is open before the application exists, because the provider must know its address. */
export interface Listener {
  readonly server: Server
  /** The address on this machine. */
  readonly address: string
}

export interface Application {
  /** The events of the application, oldest first. */
  readonly events: readonly EvertokenEvent[]
  /** Waits until no work is left in the background. The application then starts no more. */
  finish(): Promise<void>
}

/** The path whose page calls UserInfo with the token fetch, and shows its response. */
export const USER_INFO_PAGE = '/call-userinfo'

export async function openListener(): Promise<Listener> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** Starts an application of a static confidential client, on loopback. */
export function startApplication(
  { server }: Listener,
  { issuer, baseUrl, clock }: { readonly issuer: string; readonly baseUrl: string; readonly clock: Clock },
  { server: profile, ...options }: ApplicationOptions,
): Application {
  const events: EvertokenEvent[] = []
  const auth = evertoken({
    server: { issuer, ...profile },
    clientId: CLIENT.id,
    clientSecret: CLIENT.secret,
    encryptionSecret: 'a secret of the application with 32 characters and more',
    baseUrl,
    clock,
    session: 'server',
    scope: 'openid profile email',
    backChannelLogout: true,
    frontChannelLogout: true,
    onEvent: (event) => void events.push(event),
    ...options,
  })
  const userInfo = auth.createTokenFetch({ baseUrl: `${issuer}userinfo` })
  server.on(
    'request',
    auth.listener(async (request) => {
      if (new URL(request.url).pathname !== USER_INFO_PAGE) return new Response('A page of the application')
      const { status, body } = await userInfo('')
      return new Response(body, { status })
    }),
  )
  return { events, finish: () => auth.drain({ timeoutSeconds: 10 }) }
}
