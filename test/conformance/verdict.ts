import type { RequestKind } from '@evertoken/testkit'
import type { World } from './world.ts'
import { USER_INFO_PAGE } from './application.ts'

/** Why a module fails. */
export class Failure extends Error {
  override readonly name = 'Failure'
}

/** @throws {Failure} With this text, if the condition does not hold. */
export function must(condition: boolean, failure: string): asserts condition {
  if (!condition) throw new Failure(failure)
}

/** Why Evertoken refuses what the provider does: the code of the error, and the code of its cause. */
export interface Refusal {
  readonly code: string
  readonly cause?: string
}

/** Signs in, and calls UserInfo right after the callback with the token fetch, as every scenario does. */
export async function signIn({ tab }: World, loginPath = '/auth/login'): Promise<Response> {
  await tab.open(loginPath)
  return tab.open(USER_INFO_PAGE)
}

/** DONE: the client accepts the sign-in and calls UserInfo with the newest access token. */
export async function done(world: World): Promise<void> {
  const { application } = world
  const response = await signIn(world)
  const failure = application.events.find(({ type }) => type === 'sign_in_failed')
  must(failure === undefined, `the sign-in failed: ${JSON.stringify(failure)}`)
  must(response.status === 200, `UserInfo was not called: the page responded with ${response.status}`)
  must(userInfoRequests(world) > 0, 'UserInfo was not called')
}

/** STOP: the client requests tokens, refuses the ID token for the right reason, and never calls UserInfo. */
export async function stop(world: World, refusal: Refusal): Promise<void> {
  const { provider, application } = world
  await signIn(world)
  await application.finish()
  must(provider.server.counts.token > 0, 'the token request did not come')
  must(userInfoRequests(world) === 0, 'UserInfo was called, although the ID token is invalid')
  mustBeRefused(world, refusal)
}

/** @throws {Failure} If the sign-in did not fail, or if it failed for another reason. */
export function mustBeRefused(
  { application: { events } }: Pick<World, 'application'>,
  { code, cause }: Refusal,
): void {
  const failure = events.find((event) => event.type === 'sign_in_failed')
  must(failure !== undefined, 'the sign-in was not refused')
  const isExpected = failure.code === code && (cause === undefined || failure.cause?.code === cause)
  must(isExpected, `the sign-in was refused for another reason: ${JSON.stringify(failure)}`)
}

/** Returns the parameters of the latest request of a kind. They are empty if there was none. */
export function parametersOf({ provider: { server } }: World, kind: RequestKind): URLSearchParams {
  return server.log.findLast((entry) => entry.kind === kind)?.parameters ?? new URLSearchParams()
}

export function userInfoRequests({ provider: { server } }: World): number {
  return server.counts.userinfo
}

/** Resolves to the claims of the session, or `undefined` if no user is signed in. */
export async function claimsOf({ tab }: World): Promise<Record<string, unknown> | undefined> {
  const response = await tab.call('/auth/user')
  if (response.status !== 200) return undefined
  const { claims } = (await response.json()) as { readonly claims: Record<string, unknown> }
  return claims
}
