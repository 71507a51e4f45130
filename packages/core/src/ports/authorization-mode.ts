declare const requestBrand: unique symbol
declare const responseBrand: unique symbol

/** How the authorization request is sent. The functions of `@evertoken/core/authorization` create it. */
export interface AuthorizationRequestMode {
  readonly [requestBrand]: true
  /** The name of the mode, such as `par`. */
  readonly mode: string
}

/** How the authorization response is sent. The functions of `@evertoken/core/authorization` create it. */
export interface ResponseMode {
  readonly [responseBrand]: true
  /** The value of the parameter `response_mode`. */
  readonly mode: 'query.jwt' | 'form_post.jwt'
}
