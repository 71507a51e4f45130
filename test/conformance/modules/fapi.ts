import type { Deviations } from '../fapi/deviations.ts'
import type { Kind } from '../fapi/provider.ts'
import { CLIENT_ID, type Variant } from '../fapi/variant.ts'
import { ACCOUNTS_PAGE, type FapiWorld, inFapiWorld } from '../fapi/world.ts'
import { must, mustBeRefused, type Refusal } from '../verdict.ts'

/** A module of the FAPI plans. */
export interface FapiModule {
  /** The name of the module in the suite. */
  readonly name: string
  /** The variants to which it applies. By default, all. */
  readonly appliesTo?: (variant: Variant) => boolean
  /** How the provider differs from the base provider, as long as it behaves correctly. */
  readonly provider?: Deviations
  /** What the provider does wrong. The same provider without it must pass F-DONE. */
  readonly misbehaviour?: Deviations
  /** The verdict. By default, F-DONE. */
  readonly run?: (world: FapiWorld) => Promise<void>
}

/** The requests that show that the client goes on. */
const GOES_ON: readonly Kind[] = ['par', 'authorize', 'token', 'refresh', 'userinfo', 'resource']

export const isOidc = ({ clientType }: Variant): boolean => clientType === 'oidc'
export const usesDpop = ({ senderConstraint }: Variant): boolean => senderConstraint === 'dpop'
export const hasPlainResponse = ({ messageSigning }: Variant): boolean => !messageSigning

/** Judges a module in a variant. */
export async function judgeFapi(
  { provider = {}, misbehaviour, run = done }: FapiModule,
  variant: Variant,
  remark: (text: string) => void,
): Promise<void> {
  // A client that refuses everything would pass each module whose provider misbehaves.
  if (misbehaviour) await inFapiWorld(variant, provider, () => {}, done)
  await inFapiWorld(variant, { ...provider, ...misbehaviour }, remark, run)
}

/** Signs in, and calls the resource right after the callback with the token fetch, as every scenario does. */
export async function signIn({ tab }: FapiWorld): Promise<Response> {
  await tab.open('/auth/login')
  return tab.open(ACCOUNTS_PAGE)
}

/** F-DONE: the client accepts the sign-in, and the provider accepts its request to the resource. */
export async function done(world: FapiWorld): Promise<void> {
  const response = await signIn(world)
  const failure = world.application.events.find(({ type }) => /failed|rejected/.test(type))
  const [problem = ''] = world.provider.problems
  must(failure === undefined, `the client failed: ${JSON.stringify(failure)} ${problem}`)
  must(response.status === 200, `the page responded with ${response.status} ${problem}`)
  must(
    world.provider.log.some(({ kind, status }) => kind === 'resource' && status === 200),
    'the resource was not requested',
  )
}

/** F-ID and F-AUTH: after the wrong response, the client stops for the right reason. */
export async function stopsAfter(world: FapiWorld, kind: Kind, refusal: Refusal): Promise<void> {
  const { provider, application } = world
  const response = await signIn(world)
  await application.finish()
  const wrong = provider.log.findIndex((each) => each.kind === kind && each.status < 400)
  must(wrong >= 0, `no request for ${kind} came`)
  const later = provider.log.slice(wrong + 1).find((each) => GOES_ON.includes(each.kind))
  must(later === undefined, `the client sent a request for ${later?.kind} after the wrong response`)
  must(response.status === 401, `the page responded with ${response.status}`)
  mustBeRefused(world, refusal)
}

/** F-ID: a module whose ID token is wrong. */
export function refusesIdToken(name: string, misbehaviour: Deviations, refusal: Refusal): FapiModule {
  return { name, appliesTo: isOidc, misbehaviour, run: (world) => stopsAfter(world, 'token', refusal) }
}

/** F-AUTH: a module whose authorization response is wrong. */
export function refusesResponse(name: string, misbehaviour: Deviations, refusal: Refusal): FapiModule {
  return { name, misbehaviour, run: (world) => stopsAfter(world, 'authorize', refusal) }
}

/** The audience of a token that is also for another client. */
export const TWO_AUDIENCES: readonly string[] = [CLIENT_ID, `${CLIENT_ID}1`]

/** The error of a sign-in whose signed authorization response is wrong. */
export const JARM_REFUSED: Refusal = { code: 'authorization_response_invalid', cause: 'JARM_RESPONSE' }
