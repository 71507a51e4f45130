import { ACCESS_TOKEN, application, requestWith, signIn, tokenOf } from './application.ts'
import { each, interleave, type Sample } from './harness.ts'
import { type Auth0, auth0InMemory, auth0Stateless } from './peers/auth0.ts'
import { type Authkit, authkitWithAuth } from './peers/authkit.ts'
import { type Badgateway, badgatewayMiddleware } from './peers/badgateway.ts'
import { installPeers, loadPeer, versionOf } from './peers/install.ts'
import { micros, printTable, type Row } from './table.ts'

const ROUNDS = 2000
const CALLS_PER_ROUND = 50
const API = 'https://api.example.com/'

type Call = () => Promise<string>

installPeers()
const peers = {
  auth0: (await loadPeer('auth0')) as Auth0,
  authkit: (await loadPeer('authkit')) as Authkit,
  badgateway: (await loadPeer('badgateway')) as Badgateway,
}
const authkit = await authkitWithAuth(peers.authkit)
const server = application('server')
const session = server.session(requestWith(await signIn(server)))
const cookies = application('cookie')
const cookie = await signIn(cookies)

const response = new Response()
const answer = () => Promise.resolve(response)
const api = session.createTokenFetch({ baseUrl: API, fetch: answer })
const middleware = badgatewayMiddleware(peers.badgateway)

/** The subjects of a group do the same work; the first is ours. */
const groups: Record<string, Record<string, Sample>> = {
  'Token from memory': {
    'Evertoken, server session in hand': each(calls, () => tokenOf(session)),
    [`${versionOf('@auth0/auth0-server-js')}, own Map`]: each(
      calls,
      await checked(auth0InMemory(peers.auth0)),
    ),
  },
  'Token from a cookie': {
    'Evertoken, cookie seen before': each(
      () => calls().map(() => requestWith(cookie)),
      (request) => tokenOf(cookies.session(request)),
    ),
    [`${versionOf('@auth0/auth0-server-js')}, StatelessStateStore`]: each(
      once,
      await checked(auth0Stateless(peers.auth0)),
    ),
    [`${versionOf('@workos/authkit-session')}, withAuth`]: each(once, await checked(authkit.token)),
  },
  'Token on a request': {
    'Evertoken, token fetch': each(requests, (request) => api(request)),
    [`${versionOf('@badgateway/oauth2-client')}, mw()`]: each(requests, (request) =>
      middleware(request, answer),
    ),
  },
  'For comparison': {
    'new Request with a header': each(calls, byHand),
  },
}

function calls(): number[] {
  return Array.from({ length: CALLS_PER_ROUND }, (_, i) => i)
}

function once(): [undefined] {
  return [undefined]
}

function requests(): Request[] {
  return calls().map(() => new Request(API))
}

function byHand(): Promise<Request> {
  return Promise.resolve(new Request(API, { headers: { authorization: `Bearer ${ACCESS_TOKEN}` } }))
}

/** A call without a token would be fast and worthless. */
async function checked(making: Call | Promise<Call>): Promise<Call> {
  const call = await making
  if ((await call()).length < 100) throw new Error('A peer gave no token: the numbers would mean nothing')
  return call
}

const times = await interleave(Object.assign({}, ...Object.values(groups)) as Record<string, Sample>, ROUNDS)
authkit.close()

const rows = Object.entries(groups).flatMap(([group, subjects]) => {
  const names = Object.keys(subjects)
  const fastest = Math.min(...names.map((name) => times[name]?.median ?? Infinity))
  return names.map((name, place): Row => {
    const median = times[name]?.median ?? Number.NaN
    const row = { what: `${group}: ${name}`, target: '', measured: micros(median) }
    return place === 0 && names.length > 1 ? { ...row, target: 'the fastest', met: median === fastest } : row
  })
})
console.log(`Node ${process.version}, ${process.arch}\n`)
printTable(rows)
