/**
 * The core of Evertoken, without an adapter to a runtime.
 *
 * @module
 */
export * from './common.ts'
export type { OnSignIn, SignIn } from './handlers/routes/on-sign-in.ts'
export type { TokenProxy } from './handlers/calls/token-proxy.ts'
export type { ForwardedStyle } from './rules/calls/forwarded-headers.ts'
export type { StepUpChallenge } from './rules/calls/step-up.ts'
export type { AntiForgery } from './surface/anti-forgery.ts'
export { createCurrentSession, type CurrentSession } from './surface/current-session.ts'
export {
  createEngine,
  createEvertoken,
  type Engine,
  type Evertoken,
  type Handler,
} from './surface/evertoken.ts'
export type { EngineOptions, EvertokenOptions } from './surface/options.ts'
export type { SignInOptions } from './surface/sign-in-options.ts'
export type { TokenProxyRoute, TokenProxyRoutes } from './surface/token-proxy-options.ts'
export { stepUpChallenge, type UserSession } from './surface/user-session.ts'
