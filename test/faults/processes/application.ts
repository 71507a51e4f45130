import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { SessionStore } from '@evertoken/core'
import type { FakeAuthorizationServer } from '@evertoken/testkit'
import type { Browser } from '../browser.ts'
import type { Call, Chronicle } from '../chronicle.ts'
import type { User } from '../linked-store.ts'
import type { Steps } from '../steps.ts'
import { judge } from '../wire.ts'
import type { CallOrder, FromProcess, Question, Setup, ToProcess } from './messages.ts'

const living = new Set<ChildProcess>()
// One that is stopped would stay for ever.
process.on('exit', () => living.forEach((child) => child.kill('SIGKILL')))

const CHILD = fileURLToPath(new URL('child.js', import.meta.url))

/** A separate process that runs the application. */
export interface Application {
  readonly user: User
  /** Resolves when the call has a response, or the process has ended. */
  call(probe?: boolean): Promise<Call>
  /** Resolves to the key of the new session. */
  signIn(tokens: unknown): Promise<string | undefined>
  signal(signal: NodeJS.Signals): void
  /** Asks the process to stop. Resolves when it has started to, or has ended. */
  stop(): Promise<void>
  end(): Promise<void>
}

export interface ApplicationOptions {
  readonly user: User
  readonly setup: Setup
  readonly store: SessionStore
  readonly browser: Browser
  readonly server: FakeAuthorizationServer
  readonly chronicle: Chronicle
  readonly steps: Steps
  /** Which process has sent a refresh token last. */
  readonly senders: Map<string, number>
  markSpent(): void
}

type Done = Extract<FromProcess, { type: 'done' }>

export async function startApplication(options: ApplicationOptions): Promise<Application> {
  const { user, setup, store, browser, server, chronicle, steps, senders } = options
  const { instance } = user
  const child = fork(CHILD, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], serialization: 'advanced' })
  const exited = once(child, 'exit')
  living.add(child)
  const orders = new Map<number, (done: Done | undefined) => void>()
  let orderCount = 0
  let ready: (() => void) | undefined
  let stopping: (() => void) | undefined
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      chronicle.texts.push({ where: 'the output of a process', text: chunk.toString() })
    })
  }

  async function answer(question: Question): Promise<unknown> {
    switch (question.about) {
      case 'store':
        return Reflect.apply(store[question.operation], store, [...question.args])
      case 'send':
        await steps.arrive('send', instance)
        senders.set(question.refreshToken, instance)
        return undefined
      case 'answer': {
        options.markSpent()
        const { refreshToken, status, body } = question
        const sent = chronicle.sends.findLast(
          (send) => send.refreshToken === refreshToken && send.instance === instance,
        )
        if (sent) sent.answer = { ...chronicle.moment(), ...judge(status, body, refreshToken) }
        for (const [token] of body.matchAll(/[ra]t_canary_[\w-]+/g)) chronicle.owners.set(token, 'user-1')
        user.phase = 'answered'
        return steps.arrive('answer', instance)
      }
      case 'response':
        return steps.arrive('response', instance)
    }
  }

  /** A process that has ended or is ending receives no message. */
  function order(message: ToProcess): void {
    if (child.connected) child.send(message, () => undefined)
  }

  child.on('message', (message: FromProcess) => {
    switch (message.type) {
      case 'ready':
        return ready?.()
      case 'stopping':
        return stopping?.()
      case 'ask':
        return void answer(message.question).then(
          (value) => order({ type: 'reply', id: message.id, value }),
          () => order({ type: 'reply', id: message.id, failed: true }),
        )
      case 'event':
        return void chronicle.told.push({ ...chronicle.moment(), instance, event: message.event })
      case 'request': {
        const { url, method, headers, body } = message
        return void chronicle.requests.push({
          url: new URL(url),
          method,
          headers: new Headers(headers),
          body,
        })
      }
      case 'done':
        orders.get(message.id)?.(message)
        return void orders.delete(message.id)
    }
  })
  child.on('exit', () => living.delete(child))
  child.on('exit', () => orders.forEach((finish) => finish(undefined)))

  function ordered(what: Omit<CallOrder, 'type' | 'id'>): Promise<Done | undefined> {
    const id = (orderCount += 1)
    return new Promise((resolve) => {
      orders.set(id, resolve)
      order({ type: 'call', id, ...what })
    })
  }

  function take(done: Done): void {
    const headers = new Headers(done.setCookies.map((line): [string, string] => ['set-cookie', line]))
    browser.take(new Response(null, { headers }))
    for (const text of done.texts) chronicle.texts.push({ where: 'a process', text })
  }

  const started = new Promise<void>((resolve) => {
    ready = resolve
  })
  order(setup)
  await Promise.race([started, exited])
  return {
    user,
    async call(probe = false) {
      const call: Call = { instance, sub: 'user-1', probe, stale: false, began: chronicle.moment() }
      chronicle.calls.push(call)
      const done = await ordered({ cookie: browser.header() })
      if (done) take(done)
      const result = done?.result ?? { kind: 'aborted' }
      const refused = result.kind === 'token' && !server.introspect(result.token).active
      return Object.assign(call, {
        result: refused ? { kind: 'refused' } : result,
        ended: chronicle.moment(),
      })
    },
    async signIn(start) {
      const done = await ordered({ cookie: '', start })
      if (done) take(done)
      return done?.sessionId
    },
    signal: (signal) => void child.kill(signal),
    async stop() {
      const begun = new Promise<void>((resolve) => {
        stopping = resolve
      })
      child.kill('SIGTERM')
      await Promise.race([begun, exited])
    },
    async end() {
      child.kill('SIGKILL')
      await exited
    },
  }
}
