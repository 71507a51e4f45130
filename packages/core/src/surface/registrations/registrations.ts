import type { Runtime } from '../../ports/runtime.ts'
import type { SessionStore } from '../../ports/session-store.ts'
import type { AuthorizationModeOptions } from '../authorization-modes.ts'
import { invalid } from '../checks.ts'
import type { ClientAuthenticationOptions } from '../client-authentication.ts'
import type { Engine } from '../engine-functions.ts'
import type { NamedRegistration } from './named-registration.ts'
import type { EngineOptions, ProfileOption, SessionKind } from '../options.ts'
import type { ServerChoice } from '../server-profile.ts'
import type { SignInOptions } from '../sign-in-options.ts'
import type { TokenOptionMembers } from '../token-options.ts'
import type { TokenName } from '../token-source.ts'

declare const brand: unique symbol

/** Several client registrations for one application: `tenants()` or `signInChoices()` of `@evertoken/core/tenants`. */
export interface Registrations {
  readonly [brand]: true
}

/** One client at one authorization server, and what differs from the options of the application. */
export type SignInRegistration = ServerChoice &
  Pick<TokenOptionMembers, 'clientId' | 'fetch'> &
  ClientAuthenticationOptions &
  AuthorizationModeOptions &
  Pick<SignInOptions, 'scope' | 'resource' | 'authorizationParameters' | 'authorizationDetails'>

/** The options of `evertoken()` for an application with several client registrations. */
export type RegistrationsOptions = Omit<TokenOptionMembers, 'clientId' | 'clientSecret'> &
  SignInOptions &
  SessionKind &
  ProfileOption & {
    /**
     * The client registrations: `tenants()` or `signInChoices()` of `@evertoken/core/tenants`. It replaces `issuer`, `server`,
     * `clientId` and `clientSecret`.
     */
    readonly registrations: Registrations
    readonly issuer?: never
    readonly server?: never
    readonly clientId?: never
    readonly clientSecret?: never
  }

/** The same, with a session store. */
export type RegistrationsEngineOptions = RegistrationsOptions & { readonly store: SessionStore }

/** The application that has several registrations. */
export interface RegistrationHost {
  readonly options: RegistrationsEngineOptions
  readonly runtime: Runtime
  /** Creates the engine of one registration. */
  createEngine(options: EngineOptions, runtime: Runtime, named: NamedRegistration): Engine<TokenName>
}

type Connect = (host: RegistrationHost) => Engine<TokenName>

/** It is a global symbol, because a bundler can load this module twice. */
const CONNECT: unique symbol = Symbol.for('evertoken.registrations.1') as never

/** @param connect - Called for each application that uses the value. */
export function createRegistrations(connect: Connect): Registrations {
  return Object.freeze({ [CONNECT]: connect }) as object as Registrations
}

export function hasRegistrations(
  options: EngineOptions | RegistrationsEngineOptions,
): options is RegistrationsEngineOptions {
  return 'registrations' in Object(options)
}

/** @throws {ConfigurationError} If an option is invalid. */
export function connectRegistrations(host: RegistrationHost): Engine<TokenName> {
  const { [CONNECT]: connect } = Object(host.options.registrations) as { readonly [CONNECT]?: Connect }
  if (connect) return connect(host)
  throw invalid('registrations', 'must be a value from `@evertoken/core/tenants`')
}
