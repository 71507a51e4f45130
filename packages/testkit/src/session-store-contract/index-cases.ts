import type { SessionIndex } from '@evertoken/core'
import { type Bench, type Cases, LONG_SECONDS } from './contract.ts'
import { check, shown } from './expectations.ts'

const SHORT_SECONDS = 2
const HOSTILE_TERMS = ["'; DROP TABLE terms; --", '{hash}', '*', '%', 'a:b', 'line\nbreak', 'ключ', ' ', '\\']

/** A store without an index passes them: it promised none. */
export const indexCases: Cases = Object.fromEntries(
  Object.entries(indexedCases()).map(([name, run]) => [
    `index, if there is one: ${name}`,
    async (bench: Bench) => (bench.store.index ? run(bench.store.index, bench) : undefined),
  ]),
)

function indexedCases(): Readonly<Record<string, (index: SessionIndex, bench: Bench) => Promise<void>>> {
  return {
    'finds nothing under an unknown term': async (index, { key }) => {
      await expectKeys(index, key(), [], 'under a term never written')
    },

    'finds every key of a term, each once': async (index, { key, inSeconds }) => {
      const [term, one, other] = [key('term'), key('one'), key('other')]
      for (const added of [one, other, one]) await index.add(term, added, inSeconds(LONG_SECONDS))
      await expectKeys(index, term, [one, other], 'after two keys were added, one of them twice')
    },

    'keeps every key of many parallel additions': async (index, { key, inSeconds }) => {
      const term = key('term')
      const keys = Array.from({ length: 20 }, () => key())
      await Promise.all(keys.map((added) => index.add(term, added, inSeconds(LONG_SECONDS))))
      await expectKeys(index, term, keys, 'after twenty keys were added in parallel')
    },

    'removes one key and leaves the others': async (index, { key, inSeconds }) => {
      const [term, one, other] = [key('term'), key('one'), key('other')]
      for (const added of [one, other]) await index.add(term, added, inSeconds(LONG_SECONDS))
      await index.remove(term, one)
      await index.remove(term, one)
      await expectKeys(index, term, [other], 'after the other key was removed')
      await index.remove(term, other)
      await expectKeys(index, term, [], 'after the last key was removed')
    },

    'keeps terms apart': async (index, { key, inSeconds }) => {
      const [term, shared] = [key('term'), key('shared')]
      const terms = [term, `${term}:`, term.toUpperCase(), `${term} `]
      for (const [i, each] of terms.entries()) {
        await index.add(each, shared, inSeconds(LONG_SECONDS))
        await index.add(each, `own-${i}`, inSeconds(LONG_SECONDS))
      }
      await index.remove(term, shared)
      await expectKeys(index, term, ['own-0'], 'after its shared key was removed')
      for (const [i, each] of terms.entries()) {
        if (i > 0)
          await expectKeys(index, each, [shared, `own-${i}`], 'after a key was removed under another term')
      }
    },

    'keeps records and terms apart': async (index, { store, key, inSeconds }) => {
      const same = key()
      await index.add(same, 'indexed', inSeconds(LONG_SECONDS))
      check((await store.read(same)) === undefined, 'read found a record under a term of the index')
      await store.remove(same)
      await expectKeys(index, same, ['indexed'], 'after a record of that name was removed')
    },

    'takes hostile terms and keys': async (index, { key, inSeconds }) => {
      for (const label of HOSTILE_TERMS) {
        const term = key(label)
        await index.add(term, label, inSeconds(LONG_SECONDS))
        await expectKeys(index, term, [label], `under the term ${JSON.stringify(term)}`)
        await index.remove(term, label)
        await expectKeys(index, term, [], `under the term ${JSON.stringify(term)}, after its key was removed`)
      }
    },

    'forgets a key that expired, but not one added again': expires,
  }
}

async function expires(index: SessionIndex, { key, inSeconds, waitUntilExpired }: Bench): Promise<void> {
  const [term, short, long, extended, kept] = [
    key('term'),
    key('short'),
    key('long'),
    key('extended'),
    key('kept'),
  ]
  await index.add(term, short, inSeconds(SHORT_SECONDS))
  await index.add(term, long, inSeconds(LONG_SECONDS))
  await index.add(term, extended, inSeconds(SHORT_SECONDS))
  await index.add(term, extended, inSeconds(LONG_SECONDS))
  await index.add(term, kept, inSeconds(LONG_SECONDS))
  await index.add(term, kept, inSeconds(SHORT_SECONDS))
  await waitUntilExpired(SHORT_SECONDS)
  await expectKeys(index, term, [long, extended, kept], 'after one key expired')
}

async function expectKeys(
  index: SessionIndex,
  term: string,
  expected: readonly string[],
  when: string,
): Promise<void> {
  const actual = await index.keys(term)
  const same = JSON.stringify(actual.toSorted(byCodeUnit)) === JSON.stringify(expected.toSorted(byCodeUnit))
  check(same, `index.keys found ${shown(actual)} ${when}, where ${shown(expected)} was expected`)
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
