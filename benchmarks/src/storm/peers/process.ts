// One process of an application on the library under test.
import type { Burst, CallResult, Reply, Request, Start } from './messages.ts'
import { moveClock } from './moved-clock.ts'
import { connectRedis } from './redis.ts'
import type { Answer, Subject } from './subject.ts'
import { SUBJECTS } from './subjects.ts'

// Some libraries log each refusal; the table counts them.
console.warn = console.error = () => {}

const FAILED: Answer = { ok: false }
let subject: Subject | undefined

async function answer(request: Request): Promise<unknown> {
  if ('start' in request) return void (subject = await create(request.start))
  if (!subject) throw new Error('The process was not started')
  return 'signIn' in request ? subject.signIn(request.signIn) : burst(subject, request.burst)
}

async function create({ subject: name, redisUrl, ...place }: Start): Promise<Subject> {
  return SUBJECTS[name]({ ...place, redis: await connectRedis(redisUrl) })
}

function burst(started: Subject, { aheadSeconds, cookie, resources }: Burst): Promise<CallResult[]> {
  moveClock(aheadSeconds)
  return Promise.all(
    resources.map(async (resource) => {
      const { ok, setCookie = [] } = await started.call(cookie, resource).catch(() => FAILED)
      return { ok, setCookie, at: performance.timeOrigin + performance.now() }
    }),
  )
}

async function reply(request: Request): Promise<Reply> {
  try {
    return { value: await answer(request) }
  } catch (error) {
    return { error: error instanceof Error ? error.message : 'unknown' }
  }
}

process.on('message', (request: Request) => {
  void reply(request).then((message) => process.send?.(message))
})
