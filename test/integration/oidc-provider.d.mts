/** A real `oidc-provider` on loopback, with one client and one user. */
export interface OidcProvider {
  readonly issuer: string
  readonly client: { readonly id: string; readonly secret: string }
  /** Issues the tokens of a sign-in, for these resources. */
  issue(resources: readonly string[]): Promise<{ readonly refresh_token: string } & Record<string, unknown>>
  /** The token requests, with how many were in progress when each one arrived. */
  readonly requests: { readonly concurrent: number }[]
  /** Verifies a JWT for an audience, as a resource server does. */
  verify(token: string, audience: string): Promise<Readonly<Record<string, unknown>>>
  /** Whether the grant of a refresh token has not been revoked. */
  isGrantAlive(refreshToken: string): Promise<boolean>
  stop(): void
}
export function startOidcProvider(): Promise<OidcProvider>
