import { LISTEN_SECONDS } from './persist-steps.ts'
import { type InstanceName, instanceNames, type Step } from './draft.ts'
import { NOW } from './owners.ts'
import { useRefreshToken, wasJustUsed } from './servers.ts'
import type { Answer, Exchange, FailureKind, Fault, Request, World } from './world.ts'

const PRIVATE = { isPrivate: true } as const

/** What happens to each token request on the wire and at the server, and the fault that it can have. */
export function networkSteps(world: World): Step[] {
  return [
    ...world.requests.flatMap((request, index) => requestSteps(world, request, index)),
    ...instanceNames.flatMap((name) => timeoutSteps(world, name)),
  ]
}

function requestSteps(world: World, request: Request, index: number): Step[] {
  const { from, number, state } = request
  const text = `the request of attempt ${number} of ${from}`
  const step = (what: string, isUrgent: boolean, act: (draft: World, request: Request) => void): Step => ({
    text: `${text} ${what}`,
    isUrgent,
    apply: (draft) => act(draft, draft.requests[index] as Request),
  })
  const fault = (what: string, act: (draft: World, request: Request) => void, kind: Fault = 'other') =>
    step(what, false, (draft, changed) => {
      draft.facts.fault = kind
      act(draft, changed)
    })
  const fail = (kind: FailureKind) => (_: World, changed: Request) => {
    Object.assign(changed, { state: 'answered', answer: { kind } })
  }
  const set = (next: Request['state']) => (_: World, changed: Request) => {
    changed.state = next
  }
  const isFaultless = !world.facts.fault
  switch (state) {
    case 'out':
    case 'slow': {
      const steps = [step('is processed', state === 'out', processRequest)]
      if (!isFaultless) return steps
      return [
        ...steps,
        fault('cannot connect', fail('not_processed')),
        fault('is reset before it is processed', fail('ambiguous')),
        fault('meets a server that refuses the client', fail('misconfigured')),
        fault('is lost', set('never')),
        fault('is slow', set('slow'), 'slow'),
      ]
    }
    case 'answered':
    case 'late': {
      const isListening = world[from].state === 'up'
      const steps = isListening
        ? [
            {
              ...step('is answered', state === 'answered', deliver),
              owner: from,
              ...(state === 'answered' && PRIVATE),
            },
          ]
        : []
      if (!isFaultless || request.answer?.kind === 'ambiguous') return steps
      return [
        ...steps,
        fault('is reset after it was processed', fail('ambiguous'), 'response reset'),
        fault('gets no response', set('never'), 'response lost'),
        fault('gets a late response', set('late')),
      ]
    }
    case 'never':
      return []
  }
}

function processRequest({ facts, server }: World, request: Request): void {
  if (wasJustUsed(server, request.refreshToken)) facts.isOrderUnknown = true
  const refreshToken = useRefreshToken(server, request.refreshToken)
  const answer: Answer =
    refreshToken === undefined ? { kind: 'rejected' } : { kind: 'refreshed', refreshToken, date: NOW }
  Object.assign(request, { state: 'answered', answer })
}

/** The end of `server.refresh`: the attempt is no longer open, and its response is in the mailbox. */
function deliver(draft: World, request: Request): void {
  const { from, holder, number, answer } = request
  draft.requests = draft.requests.filter((each) => each !== request)
  if (answer) settleAttempt(draft, from, holder, number, answer)
}

function settleAttempt(
  draft: World,
  name: InstanceName,
  holder: string,
  number: number,
  answer: Answer,
): void {
  const isThis = (each: { holder: string; number: number }) =>
    each.holder === holder && each.number === number
  // A request that was certainly not processed is as if it was never sent.
  if (answer.kind === 'not_processed' || answer.kind === 'misconfigured')
    draft.sent = draft.sent.filter((each) => !isThis(each))
  for (const each of draft.sent) if (isThis(each)) each.isOutcomeKnown = true
  for (const exchange of draft[name].exchanges) {
    const attempt = exchange.open.find(isThis)
    if (!attempt) continue
    exchange.open = exchange.open.filter((each) => each !== attempt)
    exchange.mail.push({ attempt: { ...attempt, age: 0 }, answer })
  }
}

/** `http.ts` ends after 65 seconds, unless it has a response: see `deadline.ts`. */
function timeoutSteps(world: World, name: InstanceName): Step[] {
  const { exchanges, state } = world[name]
  if (state !== 'up') return []
  return exchanges.flatMap(({ open }: Exchange) =>
    open
      .filter(({ age }) => age >= LISTEN_SECONDS)
      .filter(({ holder, number }) => !isThere(world, holder, number))
      .map(({ holder, number }) => ({
        text: `${name} stops listening for the response to attempt ${number}`,
        owner: name,
        isUrgent: true,
        apply(draft: World) {
          const isThis = (each: Request) => each.holder === holder && each.number === number
          // A response that comes later than that is lost.
          const isProcessed = draft.requests.some((each) => isThis(each) && each.state === 'late')
          if (isProcessed) draft.facts.fault = 'response lost'
          draft.requests = draft.requests.filter((each) => !isThis(each))
          settleAttempt(draft, name, holder, number, { kind: 'ambiguous' })
        },
      })),
  )
}

function isThere({ requests }: World, holder: string, number: number): boolean {
  return requests.some(
    (each) => each.holder === holder && each.number === number && each.state === 'answered',
  )
}
