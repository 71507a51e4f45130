import { type Bench, type Cases, LONG_SECONDS } from './contract.ts'
import { expectRecord, expectSwap } from './expectations.ts'

const PRINTABLE = Array.from({ length: 95 }, (_, i) => String.fromCodePoint(32 + i)).join('')
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_*'

/** Each has to come back as it went in. */
const RECORDS: Readonly<Record<string, string>> = {
  'every printable ASCII character': PRINTABLE,
  'a sealed-looking text': `Fe26.2**${BASE64URL}**${BASE64URL}`,
  'text beyond ASCII': 'naïve – 日本語 – 🦊',
  'an escape sequence': String.raw`\u0000 \n %00 ${'$'}{x} {{x}} \\`,
  'text that looks like a number': '0012345678901234567890',
  'text that looks like JSON': '{"a": 1,  "a":2}',
  'the word null': 'null',
  'the word undefined': 'undefined',
}

/** Pairs that a careless comparison takes for equal. */
const LOOKALIKES: Readonly<Record<string, readonly [string, string]>> = {
  'a trailing space': ['record', 'record '],
  'a leading space': ['record', ' record'],
  case: ['record', 'Record'],
  'the last of many characters': [`${'x'.repeat(10_000)}a`, `${'x'.repeat(10_000)}b`],
  'a longer record with the same beginning': ['record', 'record*'],
  'leading zeros': ['1', '01'],
  'an exponent': ['100', '1e2'],
  padding: ['cmVjb3Jk', 'cmVjb3Jk='],
  'percent encoding': ['a b', 'a%20b'],
}

export const valueCases: Cases = {
  'keeps a large record': (bench) =>
    keeps(bench, BASE64URL.repeat(bench.largestRecord / 65 + 1).slice(0, bench.largestRecord)),

  ...forEach(RECORDS, (name, record) => [`keeps ${name}`, (bench) => keeps(bench, record)]),

  ...forEach(LOOKALIKES, (name, [one, other]) => [
    `distinguishes records by ${name}`,
    async (bench) => {
      await tellsApart(bench, one, other)
      await tellsApart(bench, other, one)
    },
  ]),
}

async function keeps({ store, second, key, inSeconds }: Bench, record: string): Promise<void> {
  const create = { key: key(), record, expiresAt: inSeconds(LONG_SECONDS) }
  await expectSwap(store, create, true, 'for a new key')
  await expectRecord(second, create.key, record, 'after it was created')
  await expectSwap(store, { ...create, expected: record, record: 'next' }, true, 'with that record expected')
}

async function tellsApart({ store, key, inSeconds }: Bench, held: string, expected: string): Promise<void> {
  const create = { key: key(), record: held, expiresAt: inSeconds(LONG_SECONDS) }
  await expectSwap(store, create, true, 'for a new key')
  await expectSwap(
    store,
    { ...create, expected, record: 'next' },
    false,
    'with a record expected that only looks alike',
  )
  await expectRecord(store, create.key, held, 'after a swap failed')
}

function forEach<T>(
  table: Readonly<Record<string, T>>,
  make: (name: string, value: T) => [string, Cases[string]],
): Cases {
  return Object.fromEntries(Object.entries(table).map(([name, value]) => make(name, value)))
}
