const PATIENCE_MS = 15_000

/** Waits for something that others bring about. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Timed out waiting until ${what}`)
    await pause(5)
  }
}

/** Waits until a number no longer changes, such as that of a sender whose receiver has stopped reading. */
export async function untilStill(what: string, read: () => number): Promise<void> {
  let last = -1
  let looks = 0
  await until(`${what} stands still`, async () => {
    await pause(20)
    looks = read() === last ? looks + 1 : 0
    last = read()
    return looks === 10
  })
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
