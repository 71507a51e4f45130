declare const brand: unique symbol

/** Rules for a whole application. `fapi2()` of `@evertoken/core/fapi` creates it. */
export interface SecurityProfile {
  readonly [brand]: true
  /** The name of the profile. */
  readonly name: string
}
