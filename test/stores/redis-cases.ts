import assert from 'node:assert/strict'
import type { SessionStore } from '@evertoken/core'
import type { ContractCase } from '@evertoken/testkit'

const TWO_DAYS = 2 * 86_400

/** Facts that only the server and its client see. */
export function redisCases<Client extends object>(
  client: Client,
  create: (client: Client, now?: () => number) => SessionStore,
  send: (...command: [string, ...string[]]) => Promise<unknown>,
): ContractCase[] {
  const store = create(client)
  const timeLeft = async (name: string) => Number(await send('PTTL', name))
  return [
    {
      name: 'redis: takes one GET to read and one EVAL to swap',
      async run() {
        const { counted, calls } = countCalls(client)
        const [key, watched] = [crypto.randomUUID(), create(counted)]
        await watched.swap(key, undefined, 'record', inSeconds(60))
        assert.equal(await watched.read(key), 'record')
        assert.deepEqual(calls, ['eval', 'get'])
      },
    },
    {
      name: 'redis: the server lets a record expire by itself',
      async run() {
        const key = crypto.randomUUID()
        await store.swap(key, undefined, 'record', inSeconds(60))
        const left = await timeLeft(`evertoken:session:${key}`)
        assert.ok(left > 0 && left <= 60_000, `it has ${left} ms left of 60,000`)
      },
    },
    {
      name: 'redis: keeps what processes write whose clocks are 2 days behind or ahead',
      async run() {
        for (const offSeconds of [-TWO_DAYS, TWO_DAYS]) {
          const [key, term] = [crypto.randomUUID(), crypto.randomUUID()]
          const wrong = create(client, () => inSeconds(offSeconds))
          await wrong.swap(key, undefined, 'record', inSeconds(offSeconds + 60))
          await wrong.index?.add(term, key, inSeconds(offSeconds + 60))
          assert.equal(await store.read(key), 'record')
          assert.deepEqual(await store.index?.keys(term), [key])
          const left = await timeLeft(`evertoken:session:${key}`)
          assert.ok(left > 0 && left <= 60_000 + TWO_DAYS * 1000, `it has ${left} ms left`)
        }
      },
    },
    {
      name: 'redis: an index forgets what expired, and goes with its last key',
      async run() {
        const term = crypto.randomUUID()
        const name = `evertoken:index:${term}`
        for (const [key, seconds] of [
          ['long', 60],
          ['over', -60],
          ['next', 30],
        ] as const)
          await store.index?.add(term, key, inSeconds(seconds))
        assert.equal(Number(await send('ZCARD', name)), 2)
        const left = await timeLeft(name)
        assert.ok(left > 30_000 && left <= 60_000, `the index has ${left} ms left of 60,000`)
        for (const key of ['long', 'next']) await store.index?.remove(term, key)
        assert.equal(Number(await send('EXISTS', name)), 0)
      },
    },
  ]
}

function countCalls<Client extends object>(client: Client): { counted: Client; calls: string[] } {
  const calls: string[] = []
  const counted = new Proxy(client, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (...args: unknown[]): unknown => {
        calls.push(String(name))
        return Reflect.apply(member, target, args)
      }
    },
  })
  return { counted, calls }
}

function inSeconds(seconds: number): number {
  return Date.now() / 1000 + seconds
}
