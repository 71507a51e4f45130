import { moment, showsToken } from './facts.ts'
import type { Invariant } from './invariants.ts'

/** Refresh tokens go to the authorization server that gave them; no other token leaves, but sealed or to its caller. */
export const staysHome: Invariant = ({ history, server }) => {
  const used = [
    ...history.sends.map(({ refreshToken, sent }) => ({ refreshToken, ...sent })),
    ...history.revoked,
  ].filter(({ refreshToken }) => !server.issued.has(refreshToken))
  return [
    ...used.map((use) => `another text was presented as a refresh token at ${moment(use)}`),
    ...history.parcels
      .filter(({ text }) => showsToken(text))
      .map((parcel) => `a token went to ${parcel.to} at ${moment(parcel)}`),
  ]
}
