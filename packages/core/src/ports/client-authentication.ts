declare const brand: unique symbol

/**
 * How the client authenticates at the authorization server (RFC 6749 §2.3).
 *
 * The functions of `@evertoken/core/credentials` create it. It does not show its secret.
 */
export interface ClientAuthentication {
  readonly [brand]: true
  /** The name of the method in the metadata of the server, such as `client_secret_basic`. */
  readonly method: string
}

/** A client secret, or a function that returns the current one. Evertoken calls the function for each token request. */
export type ClientSecret = string | (() => string | Promise<string>)
