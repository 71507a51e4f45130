import type { Clock } from '@evertoken/core'
import { randomText, toBase64Url } from './base64url.ts'
import type { Grant, GrantRequest, Grants } from './grants.ts'
import { Refusal } from './refusal.ts'

const CODE_SECONDS = 60

export interface CodeRequest extends GrantRequest {
  readonly redirectUri: string
  readonly codeChallenge: string
}

export interface CodeProof {
  readonly code: string
  readonly clientId: string
  readonly redirectUri: string | undefined
  readonly codeVerifier: string | undefined
}

interface Code {
  readonly request: CodeRequest
  readonly expiresAt: number
  grant?: Grant
}

export interface Codes {
  issue(request: CodeRequest): string
  /** Opens the grant a code stands for, once: a second try ends it (RFC 6749 section 4.1.2). */
  redeem(proof: CodeProof): Promise<Grant>
}

export function createCodes(grants: Grants, clock: Clock): Codes {
  const codes = new Map<string, Code>()

  function check(proof: CodeProof, challenge: string): Code {
    const code = codes.get(proof.code)
    if (!code || code.request.clientId !== proof.clientId) throw invalidGrant('The code is not valid')
    if (code.grant) {
      grants.end(code.grant, 'code reuse')
      throw invalidGrant('The code was used before')
    }
    if (clock.now() >= code.expiresAt) throw invalidGrant('The code has expired')
    if (code.request.redirectUri !== proof.redirectUri) throw invalidGrant('The redirect_uri is another one')
    if (code.request.codeChallenge !== challenge) throw invalidGrant('The code_verifier does not match')
    return code
  }

  return {
    issue(request) {
      const code = `code_${randomText(24)}`
      codes.set(code, { request, expiresAt: clock.now() + CODE_SECONDS })
      return code
    },
    async redeem(proof) {
      const challenge = await challengeOf(proof.codeVerifier)
      const code = check(proof, challenge)
      const { redirectUri: _redirectUri, codeChallenge: _codeChallenge, ...request } = code.request
      return (code.grant = grants.open(request))
    },
  }
}

/** RFC 7636 section 4.6. */
async function challengeOf(verifier: string | undefined): Promise<string> {
  if (!/^[\w.~-]{43,128}$/.test(verifier ?? ''))
    throw invalidGrant('The code_verifier is missing or malformed')
  return toBase64Url(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier)))
}

function invalidGrant(description: string): Refusal {
  return new Refusal('invalid_grant', description)
}
