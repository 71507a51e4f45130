import { fork } from 'node:child_process'
import { once } from 'node:events'

/** Starts processes that wait for messages, and respond to each of them. */
export async function startFleet(count, program, args, options) {
  const children = Array.from({ length: count }, () => fork(program, args, options))
  try {
    await Promise.all(children.map((child) => once(child, 'message')))
  } catch (error) {
    stop()
    throw error
  }

  async function send(index, message) {
    const answer = once(children[index], 'message')
    children[index].send(message)
    return (await answer)[0]
  }

  function stop() {
    for (const child of children) child.kill()
  }

  return {
    send,
    stop,
    sendAll: async (message) => (await Promise.all(children.map((_, index) => send(index, message)))).flat(),
  }
}
