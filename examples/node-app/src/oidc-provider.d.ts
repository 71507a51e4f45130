/** As much of oidc-provider, which ships without types, as this example uses. */
declare module 'oidc-provider' {
  import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'

  export interface Grant {
    addOIDCScope(scope: string): void
    addResourceScope(resource: string, scope: string): void
    save(): Promise<string>
  }

  export interface Context {
    readonly oidc: { readonly params: Readonly<Record<string, unknown>> }
    body: unknown
    type: string
  }

  export default class Provider {
    constructor(issuer: string, configuration: object)
    readonly Grant: new (properties: { accountId: string; clientId: string }) => Grant
    callback(): RequestListener
    on(event: 'grant.success' | 'grant.revoked', listener: (context: Context) => void): this
    interactionDetails(
      request: IncomingMessage,
      response: ServerResponse,
    ): Promise<{ readonly params: { readonly client_id: string } }>
    interactionFinished(request: IncomingMessage, response: ServerResponse, result: object): Promise<void>
  }
}
