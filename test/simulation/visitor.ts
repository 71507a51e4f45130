import { type Browser, type CookieSnapshot, createBrowser } from '@evertoken/testkit'
import { fingerprint, sha256 } from '../../packages/core/src/mechanisms/runtime/digest.ts'
import { joinCookie } from '../../packages/core/src/rules/sessions/cookies.ts'
import { ENDING, type Presented, type Visit } from './acts.ts'
import { type Call } from './history.ts'
import { ORIGIN, type Setting } from './setting.ts'
import { EPOCH } from '../machines/machine.ts'

/** A user with one browser. Its tabs share the cookies. */
export interface Visitor {
  readonly user: string
  readonly isSignedIn: boolean
  /** Cookies that the browser has replaced, and when. */
  readonly past: readonly { readonly cookies: CookieSnapshot; readonly replacedAt: number }[]
  signIn(): Promise<boolean>
  presented(cookies?: CookieSnapshot): Promise<Presented | undefined>
  /** Sends one request. Resolves when the browser has the response, or has lost it. */
  visit(draft: Partial<Visit> & Pick<Visit, 'act'>, cookies?: CookieSnapshot): Promise<Call | undefined>
}

const COOKIE = '__Host-Http-evertoken'

export function createVisitor(
  user: string,
  setting: Setting,
  site: (request: Request) => Promise<Response>,
): Visitor {
  const { plan, world, history, server } = setting
  const browser: Browser = createBrowser({ clock: world, authorizationServer: server })
  const past: { cookies: CookieSnapshot; replacedAt: number }[] = []
  let newest = browser.snapshot()
  let count = 0

  function notice(): void {
    const now = browser.snapshot()
    if (textOf(now) === textOf(newest)) return
    if (newest.cookies.length > 0) past.push({ cookies: newest, replacedAt: world.time })
    newest = now
  }

  async function presented(cookies = browser.snapshot()): Promise<Presented | undefined> {
    const jar = new Map(cookies.cookies.map(({ name, value }) => [name, value]))
    const joined = joinCookie(COOKIE, jar)
    if (joined === undefined || joined === 'incomplete') return undefined
    if (plan.kind === 'server')
      return { key: await sha256(joined.value.split('.')[0] ?? ''), generation: undefined }
    const record = await setting.open(joined.value)
    return record && { key: record.id, generation: record.generation }
  }

  async function exchange(visit: Visit, cookies: CookieSnapshot | undefined): Promise<Response> {
    const { act, id, abortMs } = visit
    const headers = { 'x-visit': id }
    const abort = new AbortController()
    if (abortMs < Infinity) void world.sleep(abortMs).then(() => abort.abort())
    const init = { headers, ...(cookies && { cookies }), ...(abortMs < Infinity && { signal: abort.signal }) }
    if (act === 'logout')
      return browser.fetch(site, '/auth/logout', { ...init, method: 'POST', redirect: 'manual' })
    return browser.fetch(site, act === 'user' ? '/auth/user' : `/do/${act}`, init)
  }

  /** The server signs the user out, without the browser. */
  async function backChannel(): Promise<Response> {
    const sid = server.grants.find(user)?.sid ?? ''
    const body = new URLSearchParams({ logout_token: await server.logoutToken({ sub: user, sid }) })
    return site(new Request(`${ORIGIN}/auth/back-channel-logout`, { method: 'POST', body }))
  }

  async function readUser(response: Response, call: Call): Promise<void> {
    const body = (await response.json()) as { readonly claims?: { readonly sub?: string } }
    call.sub = body.claims?.sub
    if (response.status === 401) call.signIn = true
  }

  /** A sign-out that was confirmed is one. */
  function judgeEnd({ act, presented: shown, isStream, id }: Visit, { status, headers }: Response): void {
    const calls = history.calls.filter(({ visit, process }) => visit.id === id && process >= 0)
    const isDone =
      act === 'logout' ? status < 400 : calls.length > 0 && calls.every(({ ended, error }) => ended && !error)
    if (!isDone || !shown || !ENDING.includes(act)) return
    const commits = history.commits.filter(({ key }) => key === shown.key)
    const isEnded = commits.some(({ record }) => !record || record.ended)
    // A session whose grant is dead is not extended by its use.
    const touchedAt = Math.max(...commits.map(({ record }) => record?.touchedAt ?? 0))
    const isIdle = commits.length > 0 && EPOCH + world.time / 1000 >= touchedAt + plan.idleTimeoutSeconds
    const isOver = isEnded || isIdle
    const isKnown = commits.some(({ where }) => where === 'store')
    // While the store fails, a sign-out is completed in the background, and an event reports that.
    const isIncomplete = history.told.some(
      ({ event }) => event.type === 'sign_out_incomplete' && event.session === fingerprint(shown.key),
    )
    // A store of one process does not know the sessions of the others.
    const mustKnow = plan.kind === 'cookie' || (isKnown && plan.store === 'shared')
    if (!isOver && !isIncomplete && mustKnow)
      history.seen.push(`I4: ${act} at ${world.time} ms ended nothing`)
    const isCleared = headers.getSetCookie().some((line) => line.startsWith(`${COOKIE}=;`))
    if (!isCleared && !isStream)
      history.seen.push(`I4: ${act} at ${world.time} ms left the cookie in the browser`)
  }

  async function send(visit: Visit, cookies: CookieSnapshot | undefined): Promise<Call | undefined> {
    const began = history.now()
    const isOurs = visit.act === 'user' || visit.act === 'logout'
    const own: Call = { visit, act: visit.act, key: visit.presented?.key, process: -1, began }
    if (isOurs) history.calls.push(own)
    const find = () => history.calls.find((call) => call.visit === visit)
    try {
      const response = await exchange(visit, cookies)
      if (visit.act === 'user') await readUser(response, own)
      own.status = response.status
      judgeEnd(visit, response)
      return find()
    } catch (error) {
      if (isOurs) own.error = error
      if (!(error instanceof TypeError || (error as Error).name === 'AbortError')) throw error
      return undefined
    } finally {
      own.ended = history.now()
      notice()
    }
  }

  return {
    user,
    past,
    presented,
    get isSignedIn() {
      return browser.jar.get(COOKIE) !== undefined
    },
    async signIn() {
      try {
        await browser.signIn(site, { user })
        return true
      } catch {
        return false
      } finally {
        notice()
      }
    },
    async visit(draft, cookies) {
      if (draft.act === 'back-channel logout') {
        await backChannel().catch(() => undefined)
        return undefined
      }
      const id = `${user}.${(count += 1)}`
      const rest = {
        user,
        resource: '',
        isProbe: false,
        oldMs: 0,
        holdMs: 0,
        usesFirst: false,
        isStream: false,
        abortMs: Infinity,
      }
      const visit: Visit = { ...rest, ...draft, id, presented: await presented(cookies) }
      setting.visits.set(id, visit)
      world.note(
        `visit ${id} ${visit.act} ${visit.presented?.key.slice(0, 6)} ${visit.presented?.generation}`,
      )
      return send(visit, cookies)
    },
  }
}

function textOf({ cookies }: CookieSnapshot): string {
  return cookies
    .filter(({ name }) => !name.includes('.login.'))
    .map(({ name, value }) => `${name}=${value}`)
    .join()
}
