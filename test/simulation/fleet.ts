import { createMemoryStore } from '@evertoken/core'
import { createInstance, type Instance } from './instance.ts'
import { SECRETS, type Setting } from './setting.ts'

/** The instances of the application. One that ends is replaced. */
export interface Fleet {
  readonly instances: readonly Instance[]
  routable(): readonly Instance[]
  add(): Instance
  /** SIGTERM: the proxy stops sending requests to it, it drains, and it ends. */
  deploy(instance: Instance): Promise<void>
  /** A platform ends a process that has nothing to do. */
  endIdle(instance: Instance): void
  /** SIGKILL. */
  kill(instance: Instance): void
  /** The first secret encrypts, all decrypt. Takes effect for instances that start from now on. */
  setSecrets(secrets: readonly string[]): void
  /** The processes that ended after `drain` or `keepAlive` had reported that all work was done. */
  readonly finished: ReadonlySet<number>
}

const CLOCKS = [30, -30, 300, -300, 3600, -3600, 86_400, -86_400] as const
const DRAIN_SECONDS = 100

export function createFleet(setting: Setting): Fleet {
  const { plan, world, random, history } = setting
  const shared = createMemoryStore({ clock: { now: world.now, elapsed: () => world.now() * 1000 } })
  const outage = { until: -Infinity, hangs: false }
  const instances: Instance[] = []
  const finished = new Set<number>()
  let secrets: readonly string[] = [SECRETS[0]]

  function add(): Instance {
    const isWrong = setting.happens('wrong clocks')
    const aheadSeconds = isWrong ? random.pick(CLOCKS) : 0
    const index = instances.length
    const instance = createInstance({ index, setting, shared, outage, secrets, aheadSeconds })
    instances.push(instance)
    if (isWrong) history.trouble('wrong clocks', index, Infinity)
    return instance
  }

  const routable = () => instances.filter((each) => each.routable && !each.machine.killed)

  return {
    instances,
    finished,
    add,
    routable() {
      while (routable().length < plan.instances) add()
      return routable()
    },
    async deploy(instance) {
      const { machine, auth } = instance
      const { index } = machine
      history.trouble('deploys', index, Infinity)
      instance.routable = false
      await machine.run('SIGTERM')
      await auth.drain({ timeoutSeconds: DRAIN_SECONDS })
      if (machine.killed) return
      const timedOut = history.told.some(
        ({ process, event }) => process === index && event.type === 'drain_timed_out',
      )
      if (!timedOut) finished.add(index)
      machine.kill()
    },
    endIdle({ machine }) {
      history.trouble('idle isolates end', machine.index, Infinity)
      finished.add(machine.index)
      machine.kill()
    },
    kill({ machine }) {
      history.trouble('kills', machine.index, Infinity)
      machine.kill()
    },
    setSecrets(next) {
      secrets = next
    },
  }
}
