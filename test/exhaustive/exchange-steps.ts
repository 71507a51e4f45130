import { endHandling, type InstanceName, isLastOf, privateStep, type Step } from './draft.ts'
import { releaseSteps, startRecovery } from './failure-steps.ts'
import { isPersisting, persistSteps, startPersist } from './persist-steps.ts'
import { rejectionSteps } from './rejection-steps.ts'
import type { Exchange, Instance, World } from './world.ts'

/** The loop of `exchange`, and of `listenOn`, in `exchange.ts`. */
export function exchangeSteps(world: World, name: InstanceName): Step[] {
  return world[name].exchanges.flatMap((exchange, index) => {
    if (exchange.step === 'listen') return handleSteps(name, index, exchange)
    if (isPersisting(exchange)) return persistSteps(world, name, index)
    return exchange.step.startsWith('release')
      ? releaseSteps(world, name, index)
      : rejectionSteps(world, name, index)
  })
}

/** `handle` in `exchange.ts`. */
function handleSteps(name: InstanceName, index: number, { mail }: Exchange): Step[] {
  const [message] = mail
  if (!message) return []
  return [
    privateStep(
      name,
      `handles the response to attempt ${message.attempt.number}: ${message.answer.kind}`,
      (draft, instance) => {
        const exchange = instance.exchanges[index] as Exchange
        exchange.message = exchange.mail.shift() ?? null
        handle(draft, instance, exchange)
      },
    ),
  ]
}

function handle(draft: World, instance: Instance, exchange: Exchange): void {
  const { message, isMain, leased } = exchange
  if (!message) return
  const { kind } = message.answer
  if (kind === 'refreshed') return startPersist(instance, exchange, isMain ? leased : null)
  const isIgnored = !isMain && kind !== 'rejected'
  if (isIgnored) return endHandling(instance, exchange, 'again')
  if (kind === 'rejected') {
    // Without callers, only the report of a second use counts.
    Object.assign(exchange, { step: 'reject_read', isLast: isMain && isLastOf(exchange) })
  } else if (!isLastOf(exchange)) {
    exchange.message = null
  } else {
    startRecovery(draft, instance, exchange, kind)
  }
}
