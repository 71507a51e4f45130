/** Why a connection needs a new grant of its owner. */
export type BrokenReason =
  /** The authorization server has refused the refresh token: the user has revoked the grant, or it has ended there. */
  | 'grant_rejected'
  /** The time that the authorization server has reported for the grant is over. */
  | 'refresh_token_expired'
  /** The response with the new refresh token was lost, and the server refuses the previous one. */
  | 'refresh_token_lost'
  /** The access token has expired, and the authorization server has issued no refresh token. */
  | 'no_refresh_token'
  /** The authorization server requires that the user signs in. */
  | 'login_required'
  /** A refresh has returned the tokens of another account. */
  | 'account_changed'
  /** The provider of the connection now has another authorization server or client. */
  | 'client_changed'
