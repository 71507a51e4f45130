import type { Plan } from './plan.ts'

/** A refresh token as the server sees it. */
export interface Issued {
  readonly value: string
  readonly grant: number
  /** The consent that it comes from. The server judges each consent of a user for itself. */
  readonly consent: number
  /** The user at the server who gave it. */
  readonly account: string
  usedAt?: number
  revoked?: true
}

export interface IssuedToken {
  readonly value: string
  readonly grant: number
  readonly resource: string
  /** In seconds of true time. */
  readonly expiresAt: number
}

export interface Answer {
  readonly accessToken: IssuedToken
  readonly refreshToken: string | undefined
}

export const GRACE_SECONDS = 20

/** The authorization server as a model: it handles one request after the other, in no time. */
export function createModelServer({ profile, revocation, lifetimeSeconds }: Plan, now: () => number) {
  const issued = new Map<string, Issued>()
  const tokens = new Map<string, IssuedToken>()
  const newest = new Map<string, IssuedToken>()
  /** Consents that are over. */
  const dead = new Set<number>()
  /** Access tokens that a later refresh has ended. */
  const voided = new Set<string>()
  let count = 0
  let consents = 0

  function issueToken(grant: number, resource: string): IssuedToken {
    const value = `at.${grant}.${count++}`
    const token = { value, grant, resource, expiresAt: now() + lifetimeSeconds }
    tokens.set(value, token)
    newest.set(`${grant} ${resource}`, token)
    return token
  }

  function issue({ grant, consent, account }: Pick<Issued, 'grant' | 'consent' | 'account'>): string {
    const value = `rt.${grant}.${count++}`
    issued.set(value, { value, grant, consent, account })
    return value
  }

  /** Whether a token that was used before may be used again. */
  function forgives(token: Issued): boolean {
    if (token.usedAt === undefined || profile === 'tolerant' || profile === 'static') return true
    return (profile === 'grace' || profile === 'newest') && now() - token.usedAt <= GRACE_SECONDS
  }

  /** Every response voids the pairs that were given before it. The token that was used may be used again for a while. */
  function voidAll(used: Issued): void {
    for (const other of issued.values())
      if (other.consent === used.consent && other !== used) other.revoked = true
    for (const [value, token] of tokens) if (token.grant === used.grant) voided.add(value)
  }

  return {
    voided,
    issued,
    tokens,
    dead,
    isGood(refreshToken: string): boolean {
      const token = issued.get(refreshToken)
      return !!token && !token.revoked && !dead.has(token.consent) && forgives(token)
    },
    newest: (grant: number, resource: string): IssuedToken | undefined => newest.get(`${grant} ${resource}`),
    signIn: (grant: number, account = String(grant)): Answer => ({
      accessToken: issueToken(grant, ''),
      refreshToken: issue({ grant, consent: consents++, account }),
    }),
    /** The user consents again, and the server leaves the grant as it is. */
    consentAgain: (grant: number): Answer => ({
      accessToken: issueToken(grant, ''),
      refreshToken: undefined,
    }),
    /** `undefined`: `invalid_grant`. Reuse ends the grant. */
    refresh(refreshToken: string, resource: string): Answer | undefined {
      const token = issued.get(refreshToken)
      if (!token || token.revoked || dead.has(token.consent)) return undefined
      if (!forgives(token)) {
        // Where only the newest pair is valid, an old token is refused and nothing else.
        if (profile !== 'newest') dead.add(token.consent)
        return undefined
      }
      token.usedAt ??= now()
      if (profile === 'newest') voidAll(token)
      const accessToken = issueToken(token.grant, resource)
      return {
        accessToken,
        refreshToken: profile === 'static' ? undefined : issue(token),
      }
    },
    /** RFC 7009 §2.1 leaves open whether the grant goes with the token. */
    revoke(refreshToken: string): void {
      const token = issued.get(refreshToken)
      if (!token) return
      token.revoked = true
      if (revocation === 'grant') dead.add(token.consent)
    },
  }
}

export type ModelServer = ReturnType<typeof createModelServer>
