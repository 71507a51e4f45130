import { createManualClock } from '@evertoken/testkit'
import { expect, it } from 'vitest'
import { createMailbox } from '../../src/mechanisms/refresh/send.ts'

it('returns messages in order, the earlier ones immediately', async () => {
  const clock = createManualClock()
  const mailbox = createMailbox<number>(clock)
  for (const message of [1, 2, 3]) mailbox.put(message)
  expect([await mailbox.next(1000), await mailbox.next(1000), await mailbox.next(1000)]).toEqual([1, 2, 3])
  expect(clock.pending).toBe(0)
})

it('wakes who waits, and leaves no timer behind', async () => {
  const clock = createManualClock()
  const mailbox = createMailbox<string>(clock)
  const next = mailbox.next(2000)
  await clock.advance(500)
  mailbox.put('a')
  expect(await next).toBe('a')
  expect(clock.pending).toBe(0)
})

it('gives nothing when nothing has come for so long', async () => {
  const clock = createManualClock()
  const mailbox = createMailbox<string>(clock)
  let isOver = false
  const next = mailbox.next(2000).finally(() => (isOver = true))
  await clock.advance(1999)
  expect(isOver).toBe(false)
  await clock.advance(1)
  expect(await next).toBeUndefined()
})

it('loses no message that comes in the moment in which the time is over', async () => {
  const clock = createManualClock()
  const mailbox = createMailbox<string>(clock)
  const next = mailbox.next(2000)
  void clock.sleep(2000).then(() => mailbox.put('late'))
  await clock.advance(2000)
  expect((await next) ?? (await mailbox.next(1000))).toBe('late')
})
