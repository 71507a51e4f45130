import { describe, expect, it } from 'vitest'
import { type Browser, createApplication, kinds, type Overrides } from './application.ts'
import { signIn } from './steps.ts'

const development = { baseUrl: 'http://localhost:3000' }
const local = { issuer: 'http://localhost:4000' }

/** Every `Set-Cookie` line from the first click to the last. */
async function linesOf(options: Overrides, serverOptions = {}): Promise<readonly string[]> {
  const { server, browser } = createApplication(options, serverOptions)
  const tab = browser()
  const lines: string[] = []
  const listening: Browser = {
    ...tab,
    async get(...request) {
      const response = await tab.get(...request)
      lines.push(...response.headers.getSetCookie())
      return response
    },
  }
  await signIn(listening, server)
  lines.push(...(await tab.post('/auth/logout')).headers.getSetCookie())
  return lines
}

describe.each(kinds)('S22: cookies, %s session', (session) => {
  it.each(['Lax', 'Strict'] as const)(
    '%s, are bound to the host and out of reach for scripts',
    async (sameSite) => {
      const lines = await linesOf({ session, sameSite })
      const ofSession = lines.filter((line) => line.startsWith('__Host-Http-evertoken='))

      expect(lines.length).toBeGreaterThan(ofSession.length)
      for (const line of lines) {
        expect(line).toMatch(/^__Host-Http-evertoken/)
        expect(line).toMatch(/; Path=\/(;|$)/)
        for (const attribute of [/; Secure\b/, /; HttpOnly\b/]) expect(line).toMatch(attribute)
        expect(line).not.toMatch(/; Domain/i)
        // The answer of the authorization server comes from another site, and finds its cookie all the same.
        const wanted = ofSession.includes(line) ? sameSite : 'Lax'
        expect(line).toContain(`; SameSite=${wanted}`)
      }
    },
  )

  it('work on loopback without https, and are weaker in nothing else', async () => {
    for (const line of await linesOf({ session, ...development }, local)) {
      expect(line).toMatch(/^evertoken.*; Path=\/.*; HttpOnly/)
      expect(line).not.toMatch(/__Host-|Secure|Domain/)
      expect(line).toContain('; SameSite=Lax')
    }
  })

  it('need https on loopback too if the authorization server is elsewhere', async () => {
    for (const line of await linesOf({ session, ...development })) expect(line).toMatch(/^__Host-.*; Secure/)
  })

  it('are never weaker because of a reverse proxy, which needs `baseUrl`', async () => {
    const { auth } = createApplication({ session, baseUrl: undefined as never }, local)
    for (const name of [
      'x-forwarded-proto',
      'x-forwarded-host',
      'x-forwarded-for',
      'forwarded',
      'x-real-ip',
    ]) {
      const request = new Request('http://127.0.0.1:3000/auth/login', { headers: { [name]: 'https' } })
      await expect(auth.handle(request, () => new Response())).rejects.toMatchObject({
        name: 'ConfigurationError',
        message: expect.stringMatching(
          new RegExp(`\`baseUrl\` is missing.*"${name}" of a reverse proxy`),
        ) as string,
      })
    }
    const direct = new Request('http://127.0.0.1:3000/auth/login', { headers: { 'sec-fetch-site': 'none' } })
    expect((await auth.handle(direct, () => new Response())).status).toBe(302)
  })

  it('a session without the prefix is none on https', async () => {
    const { server, browser } = createApplication({ session })
    const tab = browser()
    await signIn(tab, server)
    const bare = tab.cookieHeader().replaceAll('__Host-', '')

    expect((await tab.get('/')).status).toBe(200)
    expect((await tab.get('/', bare)).status).toBe(401)
  })
})
