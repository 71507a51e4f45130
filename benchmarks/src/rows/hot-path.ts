import { ACCESS_TOKEN, application, requestWith, signIn, tokenOf } from '../application.ts'
import { each, interleave, type Sample } from '../harness.ts'
import { auth0InMemory, auth0Stateless } from '../peers/auth0.ts'
import { authkitWithAuth } from '../peers/authkit.ts'
import { badgatewayInMemory, badgatewayMiddleware } from '../peers/badgateway.ts'
import { type Peers, versionOf } from '../peers/install.ts'
import { micros, type Row } from '../table.ts'

const ROUNDS = 2000
const CALLS_PER_ROUND = 50
const API = 'https://api.example.com/'

type Call = () => Promise<string>

/** A token, or a request with a token, from each library, without a network. */
export async function hotPath(peers: Peers | undefined): Promise<Row[]> {
  if (!peers) return []
  const authkit = await authkitWithAuth(peers.authkit)
  const server = application('server')
  const session = server.session(requestWith(await signIn(server)))
  const cookies = application('cookie')
  const cookie = await signIn(cookies)
  const response = new Response()
  const respond = () => Promise.resolve(response)
  const api = session.createTokenFetch({ baseUrl: API, fetch: respond })
  const middleware = badgatewayMiddleware(peers.badgateway)
  const [auth0, badgateway] = [
    versionOf('@auth0/auth0-server-js'),
    versionOf('@badgateway/oauth2-client'),
  ] as const

  /** The subjects of a group do the same work. The first one is Evertoken. */
  const groups: Record<string, Record<string, Sample>> = {
    'Token from memory': {
      'Evertoken, explicit server session': each(calls, () => tokenOf(session)),
      [`${auth0}, its own \`Map\``]: each(calls, await checked(auth0InMemory(peers.auth0))),
      [`${badgateway}, one user`]: each(calls, await checked(badgatewayInMemory(peers.badgateway))),
    },
    'Token from a cookie': {
      'Evertoken, known cookie': each(
        () => calls().map(() => requestWith(cookie)),
        (request) => tokenOf(cookies.session(request)),
      ),
      [`${auth0}, StatelessStateStore`]: each(once, await checked(auth0Stateless(peers.auth0))),
      [`${versionOf('@workos/authkit-session')}, \`withAuth\``]: each(once, await checked(authkit.token)),
    },
    'Token on a request': {
      'Evertoken, token fetch': each(requests, (request) => api(request)),
      [`${badgateway}, \`mw()\``]: each(requests, (request) => middleware(request, respond)),
    },
    'For comparison': { '`new Request` with a header': each(calls, byHand) },
  }
  const times = await interleave(
    Object.assign({}, ...Object.values(groups)) as Record<string, Sample>,
    ROUNDS,
  )
  authkit.close()
  return Object.entries(groups).flatMap(([group, subjects]) => {
    const names = Object.keys(subjects)
    const medians = names.map((name) => times[name]?.median ?? Number.NaN)
    return names.map((name, place): Row => {
      const median = medians[place] ?? Number.NaN
      const row = { what: `${group}: ${name}`, target: '', measured: micros(median) }
      const isCompared = place === 0 && names.length > 1
      return isCompared ? { ...row, target: 'the fastest', met: median === Math.min(...medians) } : row
    })
  })
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
  if ((await call()).length < 100) throw new Error('A peer returned no token: the numbers would mean nothing')
  return call
}
