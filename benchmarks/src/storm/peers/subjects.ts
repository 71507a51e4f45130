import type { CreateSubject } from './subject.ts'
import { atprotoWith } from './subjects/atproto.ts'
import { auth0 } from './subjects/auth0.ts'
import { authkit } from './subjects/authkit.ts'
import { badgatewayWith } from './subjects/badgateway.ts'
import { betterAuth } from './subjects/better-auth.ts'
import { evertokenWith } from './subjects/evertoken.ts'
import { logto } from './subjects/logto.ts'
import { oidcAuth } from './subjects/oidc-auth.ts'

export const SUBJECTS = {
  evertokenCookie: evertokenWith('cookie'),
  evertokenServer: evertokenWith('server'),
  atproto: atprotoWith('no lock'),
  atprotoLock: atprotoWith('lock'),
  auth0,
  authkit,
  badgateway: badgatewayWith('per process'),
  badgatewayPerRequest: badgatewayWith('per request'),
  betterAuth,
  logto,
  oidcAuth,
} satisfies Record<string, CreateSubject>

export type SubjectName = keyof typeof SUBJECTS
