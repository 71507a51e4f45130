/**
 * The grants that owners have given for use without a session, on Node.
 *
 * @module
 */
import {
  type ConnectionProviders,
  type Connections,
  type ConnectionsOptions,
  createConnections as createCoreConnections,
  createFlights,
} from '@evertoken/core/connections'

export type {
  AccessToken,
  AuthorizationDetail,
  AuthorizationHeaders,
  BrokenConnection,
  BrokenReason,
  CallOptions,
  CarryOptions,
  ChangedConnection,
  ClientAuthentication,
  ClientSecret,
  Clock,
  ConfigurationCode,
  ConnectedAccount,
  Connection,
  ConnectionContext,
  ConnectionFacts,
  ConnectionName,
  ConnectionProvider,
  ConnectionProviderResolver,
  ConnectionProviders,
  Connections,
  ConnectionsOptions,
  ConnectionState,
  ConnectOptions,
  CurrentConnection,
  DisconnectedConnection,
  Drainable,
  DrainOptions,
  EndReason,
  EndSessionProfile,
  ErrorCode,
  EventListener,
  EventListeners,
  EvertokenEvent,
  IdleGrants,
  IdleRefreshes,
  IsTokenRejected,
  KeepAlive,
  KeepAliveOptions,
  ListedConnection,
  OperatorCode,
  RecordHint,
  RedactedCause,
  RefusedCode,
  RejectionReason,
  RequestProfile,
  ReusePolicy,
  RevocationContext,
  RevocationOutcome,
  CustomRevocation,
  RevocationProfile,
  SaveOptions,
  SenderConstraint,
  ServerChoice,
  ServerDialect,
  ServerMetadata,
  ServerProfile,
  ServerVerdict,
  SessionIndex,
  SessionStore,
  SeveralProcesses,
  SignInCode,
  SignOutPart,
  TimeHeader,
  TokenFetch,
  TokenHeader,
  TokenRequest,
  CustomTokenRequest,
  TokenRequestProfile,
  TokenType,
  TryLaterCode,
  UserClaims,
  UserInfoProfile,
} from '@evertoken/core/connections'

/**
 * Creates the connections of an application on Node.
 *
 * @param options - The providers, and `auth`, or `encryptionSecret` and `store`.
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 * @example
 *   export const connections = createConnections({
 *     encryptionSecret: process.env.SESSION_SECRET,
 *     store,
 *     providers: {
 *       google: { server: google(), clientId: 'web', clientSecret: process.env.GOOGLE_SECRET },
 *     },
 *     onBroken: ({ owner, name }) => console.log(`${owner} must connect ${name} again.`),
 *   })
 *   const token = await connections.get('user-1', 'google').getAccessToken()
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-6 RFC 6749, section 6: Refreshing an Access Token}
 */
export function createConnections<const Providers extends ConnectionProviders>(
  options: ConnectionsOptions<Providers>,
): Connections<keyof Providers & string> {
  // A Node process outlives its calls.
  return createCoreConnections(options, { flights: createFlights(), keepAlive() {} })
}
