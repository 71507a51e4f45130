import { instanceNames, type InstanceName, type Step } from './draft.ts'
import type { Instance, World } from './world.ts'

/** Faults of a process and of the store, and their end. The network has its own. */
export function faultSteps(world: World): Step[] {
  return [...(world.facts.fault ? [] : beginnings(world)), ...endings(world)]
}

function beginnings(world: World): Step[] {
  const steps: Step[] = []
  const add = (text: string, act: (draft: World) => void) =>
    steps.push({
      text,
      isUrgent: false,
      apply(draft) {
        draft.facts.fault = text.includes('cannot reach') ? 'cut off' : 'other'
        act(draft)
      },
    })
  for (const name of instanceNames) {
    if (!isWorking(world[name])) continue
    add(`${name} crashes`, (draft) => crash(draft, name))
    add(`${name} freezes`, (draft) => pause(draft, name, 'frozen'))
    // In other steps, a stopped monotonic clock makes no difference.
    if (readsClock(world[name])) add(`${name} is suspended`, (draft) => pause(draft, name, 'suspended'))
    add(`${name} cannot reach the store`, (draft) => cutOff(draft, name))
  }
  if (isWorking(world.A) || isWorking(world.B)) add('the store is down', (draft) => cutOff(draft, 'AB'))
  return steps
}

function isWorking({ flight, exchanges, giving }: Instance): boolean {
  return Boolean(flight) || exchanges.length > 0 || Boolean(giving)
}

function readsClock({ flight, exchanges }: Instance): boolean {
  return flight?.step === 'swap' || flight?.step === 'check' || exchanges.some(({ open }) => open.length > 0)
}

/** Whether only this process can store the result of a request that was sent. */
function hasSent({ exchanges }: Instance): boolean {
  return exchanges.some(
    ({ open, mail, message }) =>
      open.length > 0 || [...mail, message].some((each) => each?.answer.kind !== 'rejected'),
  )
}

function crash(draft: World, name: InstanceName): void {
  const instance = draft[name]
  if (hasSent(instance)) draft.facts.stoppedAfterSend = true
  Object.assign(instance, {
    state: 'crashed',
    flight: null,
    exchanges: [],
    giving: null,
    unsent: [],
    mayCall: false,
  })
}

function pause(draft: World, name: InstanceName, state: 'frozen' | 'suspended'): void {
  const instance = draft[name]
  if (hasSent(instance)) draft.facts.stoppedAfterSend = true
  const isBeforeSend =
    instance.flight?.step === 'send' || instance.exchanges.some(({ task }) => task?.step === 'send')
  if (isBeforeSend) draft.facts.pausedBeforeSend = true
  instance.state = state
}

function cutOff(draft: World, names: 'A' | 'B' | 'AB'): void {
  draft.cutOff = names
  if (names !== 'AB' && hasSent(draft[names])) draft.facts.stoppedAfterSend = true
}

function endings(world: World): Step[] {
  const steps: Step[] = instanceNames
    .filter((name) => world[name].state === 'frozen' || world[name].state === 'suspended')
    .map((name) => ({
      text: `${name} runs again`,
      isUrgent: false,
      apply(draft) {
        draft[name].state = 'up'
        draft[name].mayCall = true
      },
    }))
  if (world.cutOff)
    steps.push({
      text: 'the store responds again',
      isUrgent: false,
      apply(draft) {
        draft.cutOff = ''
        for (const name of instanceNames) draft[name].mayCall = draft[name].state !== 'crashed'
      },
    })
  return steps
}
