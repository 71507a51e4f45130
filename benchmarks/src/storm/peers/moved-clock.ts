let aheadMs = 0

/** Moves the clock of this process, also for libraries that cannot be given one. */
export function moveClock(aheadSeconds: number): void {
  aheadMs = aheadSeconds * 1000
}

const { now } = Date
const moved = () => now() + aheadMs
globalThis.Date = new Proxy(Date, {
  construct: (target, args, self) => Reflect.construct(target, args.length === 0 ? [moved()] : args, self),
  get: (target, name) => (name === 'now' ? moved : Reflect.get(target, name)),
})
