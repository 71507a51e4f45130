/** Runs checks one after the other: one that throws or returns `false` has failed. */
export function createChecks() {
  let passed = 0
  let failed = 0

  async function check(title, run) {
    const problem = await run().then(
      (held) => (held === false ? 'it does not hold' : undefined),
      (error) => String(error),
    )
    if (problem === undefined) passed++
    else failed++
    print(problem === undefined ? `✓ ${title}` : `✗ ${title}: ${problem}`)
  }

  /** Prints the last line and returns the exit code. */
  function report() {
    print(`${passed} passed, ${failed} failed`)
    return failed === 0 ? 0 : 1
  }

  return { check, report }
}

function print(line) {
  process.stdout.write(`${line}\n`)
}
