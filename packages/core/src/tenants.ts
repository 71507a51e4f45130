/**
 * Several client registrations for one application: tenants with their own, or a choice for the user.
 *
 * @module
 */
export { signInChoices } from './surface/registrations/sign-in-choices.ts'
export { tenants, type TenantRegistration, type TenantsOptions } from './surface/registrations/tenants.ts'
export type { Registrations, SignInRegistration } from './surface/registrations/registrations.ts'
