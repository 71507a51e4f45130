import { check, expectRecord, expectSwap, shown } from './expectations.ts'
import { type Bench, type Cases, type WrongProcess, LONG_SECONDS } from './contract.ts'

const TWO_DAYS = 2 * 86_400

/** They pass if the contract cannot open the store in a process with another clock. */
export const clockCases: Cases = Object.fromEntries(
  Object.entries(wrongClockCases()).map(([name, run]) => [
    `wrong clock, if it can be set: ${name}`,
    async (bench: Bench) => (bench.openWithClock ? run(await bench.openWithClock(), bench) : undefined),
  ]),
)

function wrongClockCases(): Readonly<Record<string, (wrong: WrongProcess, bench: Bench) => Promise<void>>> {
  return {
    'finds and replaces the records of others while it is ahead': async (
      { store: wrong, jump },
      { store, key, inSeconds },
    ) => {
      const create = { key: key(), record: 'first', expiresAt: inSeconds(LONG_SECONDS) }
      await expectSwap(store, create, true, 'for a new key')
      await expectRecord(wrong, create.key, 'first', 'before the clock of the process jumped')
      jump(TWO_DAYS)
      await expectRecord(wrong, create.key, 'first', 'while the clock of the process is 2 days ahead')
      const replace = { ...create, expected: 'first', record: 'second' }
      await expectSwap(wrong, replace, true, 'while the clock of the process is 2 days ahead')
      await expectRecord(store, create.key, 'second', 'that a process with a wrong clock has written')
      jump(-TWO_DAYS)
      await expectRecord(wrong, create.key, 'second', 'after the clock of the process was set right')
    },

    'creates no record over one of others while it is ahead': async (
      { store: wrong, jump },
      { store, key, inSeconds },
    ) => {
      const create = { key: key(), record: 'first', expiresAt: inSeconds(LONG_SECONDS) }
      await expectSwap(store, create, true, 'for a new key')
      jump(TWO_DAYS)
      const again = { ...create, record: 'second', expiresAt: inSeconds(LONG_SECONDS + TWO_DAYS) }
      await expectSwap(wrong, again, false, 'for a key that holds a record, by a clock 2 days ahead')
      await expectRecord(store, create.key, 'first', 'after a process with a wrong clock tried to create it')
    },

    'index, if there is one: finds and extends the keys of others while it is ahead': async (
      { store: wrong, jump },
      { store, key, inSeconds },
    ) => {
      if (!store.index || !wrong.index) return
      const [term, added] = [key('term'), key()]
      await store.index.add(term, added, inSeconds(LONG_SECONDS))
      jump(TWO_DAYS)
      await wrong.index.add(term, added, inSeconds(LONG_SECONDS))
      for (const index of [wrong.index, store.index]) {
        const keys = await index.keys(term)
        const found = keys.length === 1 && keys[0] === added
        check(found, `keys found ${shown(keys)} after a process whose clock is 2 days ahead had added a key`)
      }
    },
  }
}
