export type { ModelAuthorizationServer as FakeAuthorizationServer } from './authorization-server/api.ts'
export type { CapacityOptions, Load } from './authorization-server/capacity.ts'
export { FAULTS } from './authorization-server/fault-catalogue.ts'
export type { FaultChooser, ScriptEntry } from './authorization-server/fault-script.ts'
export type * from './authorization-server/faults.ts'
export { isProcessed, pauseAfterProcessing, pauseBeforeProcessing } from './authorization-server/faults.ts'
export type { EndReason, Grant, ReuseProfile } from './authorization-server/grants.ts'
export type { Hold } from './hold.ts'
export type { KeySet } from './authorization-server/id-token.ts'
export type { GrantInspector, Introspection } from './authorization-server/inspection.ts'
export type { Paths } from './authorization-server/arrival.ts'
export type { SigningAlgorithm } from './authorization-server/signing-algorithms.ts'
export type { Arrival, LogEntry } from './authorization-server/journal.ts'
export type { Listening } from './authorization-server/listen.ts'
export type {
  Claims,
  ClaimsChange,
  Client,
  IdTokenTweak,
  IncomingRequest,
  ParameterTweak,
  RequestKind,
  TokenResponse,
  User,
} from './authorization-server/model.ts'
export type {
  AuthorizationServerOptions,
  IssueOptions,
  LogoutTokenOptions,
} from './authorization-server/options.ts'
export type { RateLimitOptions } from './authorization-server/rate-limit.ts'
export type * from './authorization-server/response-faults.ts'
export type { AgeHeader, DateHeader } from './authorization-server/response-headers.ts'
export type { RetryAfter } from './authorization-server/retry-after.ts'
export { createAuthorizationServer } from './authorization-server/server.ts'
