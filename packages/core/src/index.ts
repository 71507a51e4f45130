/**
 * The types and functions of Evertoken that applications and authors of session stores use, on all runtimes.
 *
 * `evertoken()` is in the package of your runtime.
 *
 * @module
 */
export * from './common.ts'
export type { TokenProxy } from './handlers/calls/token-proxy.ts'
export type { OnSignIn, SignIn } from './handlers/routes/on-sign-in.ts'
export type { ForwardedStyle } from './rules/calls/proxied-headers.ts'
export type { StepUpChallenge } from './rules/calls/step-up.ts'
export type { Finding } from './rules/protocol/server-findings.ts'
export type { LoginOptions } from './rules/sign-in/login-request.ts'
export type { AuthorizationRequestMode, ResponseMode } from './ports/authorization-mode.ts'
export type { SecurityProfile } from './ports/security-profile.ts'
export type { AuthorizationModeOptions } from './surface/authorization-modes.ts'
export type { Evertoken, EvertokenFor, EvertokenWithClient, Handler, NameFor } from './surface/evertoken.ts'
export type { EvertokenOptions, ProfileOption, SessionKind, WithClient } from './surface/options.ts'
export type { Registrations, RegistrationsOptions } from './surface/registrations/registrations.ts'
export type { SignInOptions } from './surface/sign-in-options.ts'
export type { ProxyOptions, TokenProxyRoute, TokenProxyRoutes } from './surface/token-proxy-options.ts'
export { type ExplicitSession, stepUpChallenge, type UserSession } from './surface/user-session.ts'
