import { expect, it } from 'vitest'
import { joinCookie, parseCookies } from '../../packages/core/src/rules/sessions/cookies.ts'
import { createApplication, createTestStore, kinds, origin } from './application.ts'

const MUTATIONS = { cookie: 100_000, server: 20_000 }
const TIMEOUT_MS = 120_000
const NAME = '__Host-Http-evertoken'
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const ODD = ' \t"\'\\,;=*~.%/+<>\u00a0\u00e4\u00fe'

/** Numbers that depend only on the seed (xorshift). */
function createDice(seed: number): (sides: number) => number {
  let state = seed
  return (sides) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % sides
  }
}

type Mutation = (text: string, at: number, dice: (sides: number) => number) => string

const letter = (dice: (sides: number) => number) => BASE64URL.charAt(dice(BASE64URL.length))
const cut = (text: string, from: number, to: number) => text.slice(0, from) + text.slice(to)

const MUTATIONS_OF_A_COOKIE: Mutation[] = [
  // Mostly such as keep the shape, so that the seal itself has to tell.
  (text, at, dice) => text.slice(0, at) + letter(dice) + text.slice(at + 1),
  (text, at, dice) => text.slice(0, at) + letter(dice) + text.slice(at + 1),
  (text, at, dice) => {
    const other = dice(text.length)
    const [low, high] = [Math.min(at, other), Math.max(at, other)]
    return (
      text.slice(0, low) +
      text.charAt(high) +
      text.slice(low + 1, high) +
      text.charAt(low) +
      text.slice(high + 1)
    )
  },
  (text, at, dice) => text.slice(0, at) + letter(dice) + text.slice(at),
  (text, at, dice) => cut(text, at, at + 1 + dice(8)),
  (text, at) => text.slice(0, at),
  (text, at) => text.slice(at),
  (text, at) => text.slice(at) + text.slice(0, at),
  (text, at) => text + text.slice(at),
  (text, at, dice) => text.slice(0, at) + ODD.charAt(dice(ODD.length)) + text.slice(at + 1),
  (text, at, dice) => `~${dice(6)}~${cut(text, at, at + 1)}`,
  (text, at, dice) => `~${dice(5)}~${text.slice(0, at)}; ${NAME}.${dice(5)}=${text.slice(at)}x`,
  (text, at) => `${text.slice(0, at)}; ${NAME}.1=${text}`,
  (text, at) => text.slice(0, at) + text.charAt(at).toUpperCase() + text.slice(at + 1).toLowerCase(),
  (text, at) => text.slice(0, at) + encodeURIComponent(text.slice(at)),
  (text, at) => `"${text.slice(0, at)}`,
  (text, at, dice) => text.slice(0, at) + 'x'.repeat(dice(9000)) + text.slice(at),
]

it.each(kinds)(
  'S23: %s session: no mutated cookie is a session, and none makes anything throw',
  async (session) => {
    const store = createTestStore()
    const { auth, browser, server } = createApplication({ session, store })
    const tab = browser()
    await tab.signIn()
    const sealed = tab.cookies.get(NAME) ?? ''
    const userOf = (cookie: string) => auth.session(new Request(origin, { headers: { cookie } })).getUser()
    expect(await userOf(`${NAME}=${sealed}`)).toMatchObject({ sub: 'user-1' })
    store.resetCounts()

    const dice = createDice(session === 'cookie' ? 20_261_123 : 1_123_202)
    const accepted: string[] = []
    let tried = 0
    while (tried < MUTATIONS[session]) {
      let mutated = sealed
      for (let times = 1 + dice(3); times > 0; times--) {
        const mutation = MUTATIONS_OF_A_COOKIE[dice(MUTATIONS_OF_A_COOKIE.length)]
        mutated = mutation?.(mutated, dice(mutated.length + 1), dice) ?? mutated
      }
      const header = `${NAME}=${mutated}`
      // A mutation that reads as the same cookie is not a mutation.
      const joined = joinCookie(NAME, parseCookies(header))
      if (typeof joined === 'object' && joined.value === sealed) continue
      tried++
      if ((await userOf(header)) !== undefined) accepted.push(header)
    }

    expect(accepted).toEqual([])
    expect(store.counts.swap).toBe(0)
    expect(server.counts.refresh).toBe(0)
  },
  TIMEOUT_MS,
)
