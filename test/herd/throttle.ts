import type { ChildProcess } from 'node:child_process'

/** One turn of running and standing still. The scheduler of Linux gives shares of 100 ms, too. */
const PERIOD_MS = 100

/**
 * Gives a process a share of a CPU: it runs for that share of each period, and is stopped for the rest. Unlike a quota of
 * the kernel, this needs no privileges, and works on every machine.
 *
 * @returns Ends the limit.
 */
export function throttle(child: ChildProcess, share: number): () => void {
  if (share >= 1) return () => undefined
  let timer = setTimeout(stop, 0)
  function stop(): void {
    child.kill('SIGSTOP')
    timer = setTimeout(resume, PERIOD_MS * (1 - share))
  }
  function resume(): void {
    child.kill('SIGCONT')
    timer = setTimeout(stop, PERIOD_MS * share)
  }
  return () => {
    clearTimeout(timer)
    child.kill('SIGCONT')
  }
}
