import { type Bench, type Cases, LONG_SECONDS } from './contract.ts'
import { expectRecord, expectSwap } from './expectations.ts'

/** Exact keys, removed before the case. With a prefix, they would be harmless. */
const PROPERTY_NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'length', '0']

const HOSTILE_KEYS = [
  "'; DROP TABLE sessions; --",
  `" OR "1"="1`,
  '{hash}tags',
  '*',
  '%',
  '_',
  '?',
  '[a-z]',
  ':',
  'a:b:c',
  '../../etc/passwd',
  '\\',
  '$1',
  'line\nbreak\r\n',
  'tab\t',
  ' leading and trailing ',
  'ключ-鍵-🔑',
  'x'.repeat(450),
]

/** Different keys that a careless store takes for one. */
const LOOKALIKES: Readonly<Record<string, readonly string[]>> = {
  case: ['key', 'Key', 'KEY'],
  'a prefix': ['a', 'ab', 'abc', 'a:', 'a:b'],
  spaces: ['a', 'a ', ' a', 'a  '],
  'a wildcard': ['ab', 'a*', 'a%', 'a_', 'a?', '*'],
  'the end of many characters': ['1', '2'].map((end) => 'x'.repeat(450) + end),
  'Unicode normalisation': ['é', 'e\u0301'],
}

export const keyCases: Cases = {
  'takes hostile keys': async (bench) => {
    for (const label of HOSTILE_KEYS) await leadsAWholeLife(bench, bench.key(label))
  },

  'takes the names of object properties as keys': async (bench) => {
    for (const name of PROPERTY_NAMES) {
      await bench.store.remove(name)
      await leadsAWholeLife(bench, name)
    }
  },

  ...Object.fromEntries(
    Object.entries(LOOKALIKES).map(([name, labels]) => [
      `distinguishes keys by ${name}`,
      (bench: Bench) => keepsApart(bench, labels),
    ]),
  ),
}

async function leadsAWholeLife({ store, inSeconds }: Bench, key: string): Promise<void> {
  const create = { key, record: 'first', expiresAt: inSeconds(LONG_SECONDS) }
  const named = `under the key ${JSON.stringify(key)}`
  await expectRecord(store, key, undefined, `${named} that was never written`)
  await expectSwap(store, create, true, named)
  await expectRecord(store, key, 'first', named)
  await expectSwap(store, { ...create, expected: 'first', record: 'second' }, true, named)
  await expectRecord(store, key, 'second', named)
  await store.remove(key)
  await expectRecord(store, key, undefined, `${named}, after it was removed`)
}

async function keepsApart({ store, key, inSeconds }: Bench, labels: readonly string[]): Promise<void> {
  const base = key()
  const keys = labels.map((label) => ({ key: base + label, record: `of ${JSON.stringify(label)}` }))
  for (const create of keys) {
    await expectSwap(
      store,
      { ...create, expiresAt: inSeconds(LONG_SECONDS) },
      true,
      `for the new key ${create.record}`,
    )
  }
  for (const { key: own, record } of keys)
    await expectRecord(store, own, record, 'among keys that look alike')
  for (const [i, removed] of keys.entries()) {
    await store.remove(removed.key)
    await expectRecord(store, removed.key, undefined, 'after it was removed')
    for (const other of keys.slice(i + 1)) {
      await expectRecord(store, other.key, other.record, 'after a key that looks alike was removed')
    }
  }
}
