import { type Cases, LONG_SECONDS } from './contract.ts'
import { expectRecord, expectSwap } from './expectations.ts'

export const basicCases: Cases = {
  'reads nothing under an unknown key': async ({ store, key }) => {
    await expectRecord(store, key(), undefined, 'under a key never written')
  },

  'creates a record where there is none': async ({ store, key, inSeconds }) => {
    const create = { key: key(), record: 'first', expiresAt: inSeconds(LONG_SECONDS) }
    await expectSwap(store, create, true, 'for a new key')
    await expectRecord(store, create.key, 'first', 'after it was created')
  },

  'creates no record where there is one': async ({ store, key, inSeconds }) => {
    const create = { key: key(), record: 'first', expiresAt: inSeconds(LONG_SECONDS) }
    await expectSwap(store, create, true, 'for a new key')
    await expectSwap(store, { ...create, record: 'second' }, false, 'for a key that holds a record')
    await expectSwap(store, create, false, 'for a key that holds this very record')
    await expectRecord(store, create.key, 'first', 'after a second create failed')
  },

  'replaces the record that was expected': async ({ store, key, inSeconds }) => {
    const create = { key: key(), record: 'first', expiresAt: inSeconds(LONG_SECONDS) }
    await expectSwap(store, create, true, 'for a new key')
    await expectSwap(
      store,
      { ...create, expected: 'first', record: 'second' },
      true,
      'with the right record expected',
    )
    await expectRecord(store, create.key, 'second', 'after it was replaced')
  },

  'accepts a record that replaces itself': async ({ store, key, inSeconds }) => {
    const create = { key: key(), record: 'same', expiresAt: inSeconds(LONG_SECONDS) }
    await expectSwap(store, create, true, 'for a new key')
    await expectSwap(
      store,
      { ...create, expected: 'same' },
      true,
      'with the same record expected and written',
    )
    await expectRecord(store, create.key, 'same', 'after it replaced itself')
  },

  'replaces no other record than the expected one': async ({ store, key, inSeconds }) => {
    const create = { key: key(), record: 'first', expiresAt: inSeconds(LONG_SECONDS) }
    await expectSwap(store, create, true, 'for a new key')
    await expectSwap(
      store,
      { ...create, expected: 'first', record: 'second' },
      true,
      'with the right record expected',
    )
    await expectSwap(
      store,
      { ...create, expected: 'first', record: 'third' },
      false,
      'with a former record expected',
    )
    await expectSwap(
      store,
      { ...create, expected: '', record: 'third' },
      false,
      'with an empty record expected',
    )
    await expectRecord(store, create.key, 'second', 'after a swap failed')
  },

  'replaces nothing where there is nothing': async ({ store, key, inSeconds }) => {
    const swap = { key: key(), expected: 'first', record: 'second', expiresAt: inSeconds(LONG_SECONDS) }
    await expectSwap(store, swap, false, 'with a record expected under a key never written')
    await expectRecord(store, swap.key, undefined, 'after a swap failed')
  },

  'removes a record': async ({ store, key, inSeconds }) => {
    const create = { key: key(), record: 'first', expiresAt: inSeconds(LONG_SECONDS) }
    await expectSwap(store, create, true, 'for a new key')
    await store.remove(create.key)
    await expectRecord(store, create.key, undefined, 'after it was removed')
  },

  'brings no removed record back': async ({ store, key, inSeconds }) => {
    const create = { key: key(), record: 'first', expiresAt: inSeconds(LONG_SECONDS) }
    await expectSwap(store, create, true, 'for a new key')
    await store.remove(create.key)
    await expectSwap(
      store,
      { ...create, expected: 'first', record: 'second' },
      false,
      'with a removed record expected',
    )
    await expectRecord(store, create.key, undefined, 'after a swap of a removed record')
  },

  'creates a record again after it was removed': async ({ store, key, inSeconds }) => {
    const create = { key: key(), record: 'first', expiresAt: inSeconds(LONG_SECONDS) }
    await expectSwap(store, create, true, 'for a new key')
    await store.remove(create.key)
    await expectSwap(store, { ...create, record: 'second' }, true, 'for a key whose record was removed')
    await expectRecord(store, create.key, 'second', 'after it was created again')
  },

  'removes as often as it is asked': async ({ store, key, inSeconds }) => {
    const create = { key: key(), record: 'first', expiresAt: inSeconds(LONG_SECONDS) }
    await store.remove(create.key)
    await expectSwap(store, create, true, 'for a key removed before it was written')
    await store.remove(create.key)
    await store.remove(create.key)
    await expectRecord(store, create.key, undefined, 'after it was removed twice')
  },

  'sees every completed write immediately, from every connection': async ({
    store,
    second,
    key,
    inSeconds,
  }) => {
    const expiresAt = inSeconds(LONG_SECONDS)
    const shared = key()
    let expected: string | undefined
    for (let i = 0; i < 20; i += 1) {
      const [writer, reader] = i % 2 === 0 ? [store, second] : [second, store]
      const record = `record-${i}`
      await expectSwap(
        writer,
        { key: shared, expected, record, expiresAt },
        true,
        'with the latest record expected',
      )
      await expectRecord(reader, shared, record, 'through another connection, right after a write')
      await expectRecord(writer, shared, record, 'through the same connection, right after a write')
      expected = record
    }
    await second.remove(shared)
    await expectRecord(store, shared, undefined, 'after another connection removed it')
    await expectSwap(
      store,
      { key: shared, expected, record: 'x', expiresAt },
      false,
      'after another connection removed it',
    )
  },
}
