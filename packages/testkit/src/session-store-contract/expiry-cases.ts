import { type Cases, LONG_SECONDS } from './contract.ts'
import { expectRecord, expectSwap } from './expectations.ts'

/** Long enough that a slow store has time to answer before, short enough to wait for. */
const SHORT_SECONDS = 2

export const expiryCases: Cases = {
  'holds nothing after a record expired, and starts again': async ({
    store,
    key,
    inSeconds,
    waitUntilExpired,
  }) => {
    const create = { key: key(), record: 'first', expiresAt: inSeconds(SHORT_SECONDS) }
    await expectSwap(store, create, true, 'for a new key')
    await expectRecord(store, create.key, 'first', `${SHORT_SECONDS} seconds before it expires`)
    await waitUntilExpired(SHORT_SECONDS)
    await expectRecord(store, create.key, undefined, 'after it expired')
    const later = { ...create, record: 'second', expiresAt: inSeconds(LONG_SECONDS) }
    await expectSwap(store, { ...later, expected: 'first' }, false, 'with an expired record expected')
    await expectSwap(store, later, true, 'for a key whose record expired')
    await expectRecord(store, create.key, 'second', 'after it was created again')
  },

  'extends the life of a record with a swap': async ({ store, key, inSeconds, waitUntilExpired }) => {
    const create = { key: key(), record: 'first', expiresAt: inSeconds(SHORT_SECONDS) }
    await expectSwap(store, create, true, 'for a new key')
    const extend = {
      key: create.key,
      expected: 'first',
      record: 'second',
      expiresAt: inSeconds(LONG_SECONDS),
    }
    await expectSwap(store, extend, true, 'with the right record expected')
    await waitUntilExpired(SHORT_SECONDS)
    await expectRecord(store, create.key, 'second', 'after its first expiry passed, which a swap had put off')
  },

  'shortens the life of a record with a swap': async ({ store, key, inSeconds, waitUntilExpired }) => {
    const create = { key: key(), record: 'first', expiresAt: inSeconds(LONG_SECONDS) }
    await expectSwap(store, create, true, 'for a new key')
    const shorten = {
      key: create.key,
      expected: 'first',
      record: 'second',
      expiresAt: inSeconds(SHORT_SECONDS),
    }
    await expectSwap(store, shorten, true, 'with the right record expected')
    await waitUntilExpired(SHORT_SECONDS)
    await expectRecord(store, create.key, undefined, 'after the expiry that a swap had brought forward')
  },

  'keeps the expiry if a swap fails': async ({ store, key, inSeconds, waitUntilExpired }) => {
    const create = { key: key(), record: 'first', expiresAt: inSeconds(SHORT_SECONDS) }
    await expectSwap(store, create, true, 'for a new key')
    const lost = { ...create, expected: 'other', record: 'second', expiresAt: inSeconds(LONG_SECONDS) }
    await expectSwap(store, lost, false, 'with another record expected')
    await waitUntilExpired(SHORT_SECONDS)
    await expectRecord(store, create.key, undefined, 'after it expired, which a failed swap tried to put off')
  },

  'holds nothing that expired before it was written': async ({ store, key, inSeconds }) => {
    const past = { key: key(), record: 'first', expiresAt: inSeconds(-10) }
    await store.swap(past.key, undefined, past.record, past.expiresAt)
    await expectRecord(store, past.key, undefined, 'although its expiry was in the past')
    const now = { ...past, record: 'second', expiresAt: inSeconds(LONG_SECONDS) }
    await expectSwap(store, now, true, 'for a key that only held an expired record')
    await store.swap(past.key, 'second', 'third', inSeconds(-10))
    await expectRecord(store, past.key, undefined, 'after a swap whose expiry was in the past')
  },

  'takes an expiry with a fraction and one far away': async ({ store, key, inSeconds }) => {
    for (const seconds of [LONG_SECONDS + 0.123_456_789, 10 * 365 * 86_400]) {
      const create = { key: key(String(seconds)), record: 'first', expiresAt: inSeconds(seconds) }
      await expectSwap(store, create, true, `for a new key that lives for ${seconds} seconds`)
      await expectRecord(store, create.key, 'first', `that lives for ${seconds} seconds`)
    }
  },
}
