import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSeal } from '../../src/mechanisms/sessions/seal.ts'
import type { RejectionReason } from '../../src/vocabulary/index.ts'
import { type Bench, createBench, createRecord, SECRET } from './bench.ts'
import { type Browser, createBrowser, NAME, named } from './browser.ts'

const NOW = 1_800_000_000
/** Takes three cookies. */
const big = createRecord(NOW, { claims: { sub: 'u', about: 'x'.repeat(6000) } })
const small = createRecord(NOW)

async function signedIn(record = big): Promise<{ bench: Bench; browser: Browser }> {
  const bench = createBench()
  const browser = createBrowser(bench)
  await browser.signIn(record)
  bench.events.length = 0
  return { bench, browser }
}

function change(browser: Browser, name: string, to: (value: string) => string): void {
  browser.cookies.set(name, to(browser.cookies.get(name) ?? ''))
}

async function expectRejected(bench: Bench, browser: Browser, reasons: RejectionReason[]): Promise<void> {
  const session = browser.request()
  expect(await session.find()).toBeUndefined()
  expect(bench.events).toEqual([{ type: 'session_rejected', reason: expect.toBeOneOf(reasons) }])
  expect(await session.end('signed_out')).toBeUndefined()
}

describe('a session in several cookies', () => {
  it('S23: fits each into 4096 bytes and is whole again at the next request', async () => {
    const { browser, bench } = await signedIn()
    expect([...browser.cookies.keys()]).toEqual([NAME, `${NAME}.1`, `${NAME}.2`])
    for (const [name, value] of browser.cookies) expect(name.length + value.length).toBeLessThanOrEqual(4096)
    const cell = await browser.request().find()
    expect((await cell?.read())?.record).toEqual({ ...big, id: expect.any(String) })
    expect(bench.events).toEqual([])
  })

  it.each<[string, (browser: Browser) => void, RejectionReason[]]>([
    ['the first is missing', ({ cookies }) => void cookies.set(NAME, ''), ['malformed']],
    ['the second is missing', ({ cookies }) => void cookies.delete(`${NAME}.1`), ['incomplete']],
    ['the last is missing', ({ cookies }) => void cookies.delete(`${NAME}.2`), ['incomplete']],
    ['the last is empty', ({ cookies }) => void cookies.set(`${NAME}.2`, ''), ['malformed', 'tampered']],
    [
      'the count is less',
      (browser) => change(browser, NAME, (v) => v.replace('~3~', '~2~')),
      ['malformed', 'tampered'],
    ],
    ['the count is more', (browser) => change(browser, NAME, (v) => v.replace('~3~', '~4~')), ['incomplete']],
    [
      'the count is beyond the cap',
      (browser) => change(browser, NAME, (v) => v.replace('~3~', '~5~')),
      ['incomplete'],
    ],
    ['the count is zero', (browser) => change(browser, NAME, (v) => v.replace('~3~', '~0~')), ['incomplete']],
    [
      'the count is not a number',
      (browser) => change(browser, NAME, (v) => v.replace('~3~', '~x~')),
      ['incomplete'],
    ],
    ['the count is gone', (browser) => change(browser, NAME, (v) => v.slice(3)), ['malformed', 'tampered']],
    [
      'all are junk',
      ({ cookies }) => [...cookies.keys()].forEach((name) => cookies.set(name, 'x'.repeat(3900))),
      ['malformed'],
    ],
    ['one is junk', ({ cookies }) => void cookies.set(`${NAME}.1`, 'x'.repeat(100_000)), ['tampered']],
  ])('S23: is rejected if %s', async (_what, break_, reasons) => {
    const { browser, bench } = await signedIn()
    break_(browser)
    await expectRejected(bench, browser, reasons)
  })

  it('S23: is rejected if its parts are reordered', async () => {
    const { browser, bench } = await signedIn()
    const [one, other] = [browser.cookies.get(`${NAME}.1`) ?? '', browser.cookies.get(`${NAME}.2`) ?? '']
    browser.cookies.set(`${NAME}.1`, other).set(`${NAME}.2`, one)
    await expectRejected(bench, browser, ['malformed', 'tampered'])
  })

  it('S23: is never put together from two generations, two sessions or two seals of one record', async () => {
    const later = { ...big, generation: 2, refreshToken: 'r2' }
    const theirs = { ...big, id: 'theirs'.padEnd(43, '0') }
    for (const other of [later, theirs, big]) {
      for (let mask = 1; mask < 7; mask++) {
        const { browser, bench } = await signedIn()
        const stranger = createBrowser(createBench())
        await stranger.signIn(other)
        for (const [i, name] of [...browser.cookies.keys()].entries()) {
          if (mask & (1 << i)) browser.cookies.set(name, stranger.cookies.get(name) ?? '')
        }
        await expectRejected(bench, browser, ['malformed', 'tampered'])
      }
    }
  })

  it('S23: is itself or no session, whatever happens to its parts', async () => {
    const { browser, bench } = await signedIn()
    const whole = new Map(browser.cookies)
    const value = fc.oneof(fc.constantFrom(...whole.values(), '', '~1~', '~4~', undefined), fc.string())
    await fc.assert(
      fc.asyncProperty(fc.tuple(value, value, value, value), async (values) => {
        bench.events.length = 0
        browser.cookies.clear()
        for (const [i, part] of values.entries()) {
          if (part !== undefined) browser.cookies.set(i === 0 ? NAME : `${NAME}.${i}`, part)
        }
        const intact = [...whole].every(([name, part]) => browser.cookies.get(name) === part)
        const cell = await browser.request().find()
        const rejected = browser.cookies.has(NAME) && !intact ? 1 : 0
        expect(cell !== undefined).toBe(intact)
        expect(bench.events).toHaveLength(rejected)
      }),
    )
  })

  it('S23: the rest of a longer one expires, and does no harm until then', async () => {
    const { browser, bench } = await signedIn()
    const session = browser.request()
    await session.start(named({ ...small, touchedAt: small.touchedAt + 1 }))
    const lines = session.takeCookies()
    for (const name of [`${NAME}.1`, `${NAME}.2`]) {
      expect(lines.find((line) => line.startsWith(`${name}=;`))).toMatch(/; Max-Age=0$/)
    }
    browser.cookies.set(NAME, /=([^;]*)/.exec(lines[0] ?? '')?.[1] ?? '')
    bench.events.length = 0
    expect((await (await browser.request().find())?.read())?.record.touchedAt).toBe(small.touchedAt + 1)
    expect(bench.events).toEqual([])
  })

  it('S32: distinguishes a foreign cookie, a tampered one and one without a session', async () => {
    const { browser, bench } = await signedIn(small)
    const own = browser.cookies.get(NAME) ?? ''
    const foreign = await createSeal(['another secret of 32 characters!'], 'cookie').seal(small)
    const login = await createSeal([SECRET], 'login').seal(small)
    const other = await createSeal([SECRET], 'cookie').seal({ sub: 'u' })
    const middle = Math.floor(own.length / 2)
    const tampered = own.slice(0, middle) + (own[middle] === 'A' ? 'B' : 'A') + own.slice(middle + 1)
    const cases: [string, RejectionReason][] = [
      [foreign, 'unknown_key'],
      [login, 'unknown_key'],
      [tampered, 'tampered'],
      [other, 'malformed'],
      ['', 'malformed'],
      ['x'.repeat(100_000), 'malformed'],
    ]
    for (const [value, reason] of cases) {
      bench.events.length = 0
      browser.cookies.set(NAME, value)
      await expectRejected(bench, browser, [reason])
    }
  })

  it('S23: more than four cookies hold is a clear error where it is written, and ends nothing', async () => {
    const { browser } = await signedIn(small)
    const session = browser.request()
    const huge = createRecord(NOW, { id: 'huge', claims: { sub: 'u', about: 'x'.repeat(12_000) } })
    await expect(session.start(named(huge))).rejects.toMatchObject({
      name: 'ConfigurationError',
      code: 'session_too_large',
    })
    expect(session.takeCookies()).toEqual([])
    expect((await (await browser.request().find())?.read())?.record).toMatchObject({ claims: small.claims })
  })
})
