import { callApi, changeTokenResponses, type Client, type World } from '../world.ts'
import { type Row, same, times } from '../row.ts'

const NAMES = ['orders', 'profile', 'billing', 'stock', 'prices']

/** A user whose grant covers these APIs. The token requests of the sign-in are not counted. */
async function signedIn(world: World, names: readonly string[], options: object = {}) {
  const client = await world.register()
  const app = world.createApplication(client, { resource: names.map((name) => world.api(name)), ...options })
  const user = await world.signIn(app)
  await world.requests(client)
  const statuses = async () => (await world.requests(client)).map(({ status }) => status)
  return { client, app, user, statuses }
}

/** Each request must start after the one before has ended, with its refresh token. */
async function checkSequence(world: World, client: Client, count: number): Promise<void> {
  const requests = (await world.requests(client)).toSorted((one, other) => one.begin - other.begin)
  same(
    requests.map(({ status }) => status),
    Array.from({ length: count }, () => 200),
  )
  same(new Set(requests.map(({ form }) => form['refresh_token'])).size, count)
  const overlap = requests.some(({ begin }, i) => begin < (requests[i - 1]?.end ?? 0))
  same(overlap, false)
}

export const perCallRows: readonly Row[] = [
  {
    item: 'per call: resource',
    async run(world) {
      const { app, user, statuses } = await signedIn(world, ['orders', 'profile'])
      const calls = ['orders', 'profile'].map((name) =>
        app.createTokenFetch({ baseUrl: `${world.api(name)}/`, resource: world.api(name) }),
      )
      for (let round = 0; round < 2; round++) {
        const found = await user.run(() => Promise.all(calls.map((call) => callApi(call))))
        same(
          found.map(({ aud }) => aud),
          ['orders', 'profile'].map((name) => world.api(name)),
        )
      }
      same(await statuses(), [200, 200])
    },
  },
  {
    item: 'per call: scope, and a token with more scope',
    async run(world) {
      const { app, user, statuses } = await signedIn(world, ['orders'])
      const resource = world.api('orders')
      await user.run(async () => {
        const read = await app.getUserAccessToken({ resource, scope: 'read' })
        const both = await app.getUserAccessToken({ resource, scope: 'read write' })
        const write = await app.getUserAccessToken({ resource, scope: 'write' })
        same([read?.scope, both?.scope, write?.value === both?.value], ['read', 'read write', true])
      })
      same(await statuses(), [200, 200])
    },
  },
  {
    item: 'per call: audience',
    async run(world) {
      const { app, user, client } = await signedIn(world, ['orders'])
      await user.run(async () => {
        const one = await app.getUserAccessToken({ audience: 'one' })
        const two = await app.getUserAccessToken({ audience: 'two' })
        const again = await app.getUserAccessToken({ audience: 'one' })
        same([one?.value === two?.value, one?.value === again?.value], [false, true])
      })
      same(
        (await world.requests(client)).map(({ form }) => form['audience']),
        ['one', 'two'],
      )
    },
  },
  {
    item: 'per call: minValiditySeconds',
    async run(world) {
      const { app, user, statuses } = await signedIn(world, ['orders'], { fetch: shortenFirstToken(8) })
      // Three quarters of the lifetime are the maximum.
      await waitSeconds(2)
      await user.run(async () => {
        const before = await app.getUserAccessToken()
        const values = await times(5, () => app.getUserAccessToken({ minValiditySeconds: 60 }))
        const others = new Set(values.map((token) => token?.value))
        same([others.size, others.has(before?.value)], [1, false])
      })
      same(await statuses(), [200])
    },
  },
  {
    item: 'per call: forceRefresh',
    async run(world) {
      const { app, user, statuses } = await signedIn(world, ['orders'])
      await user.run(async () => {
        const before = await app.getUserAccessToken()
        const forced = await times(5, () => app.getUserAccessToken({ forceRefresh: true }))
        const values = new Set(forced.map((token) => token?.value))
        same([values.size, values.has(before?.value)], [1, false])
      })
      same(await statuses(), [200])
    },
  },
  {
    item: 'five resources × 40 calls: five requests in sequence',
    async run(world) {
      const { app, user, client } = await signedIn(world, NAMES, { fetch: shortenFirstToken(1) })
      await waitSeconds(2)
      const calls = NAMES.map((name) =>
        app.createTokenFetch({ baseUrl: `${world.api(name)}/`, resource: world.api(name) }),
      )
      const found = await user.run(() =>
        times(200, async (i) => {
          const call = calls[i % NAMES.length]
          return call && callApi(call)
        }),
      )
      const expected = found.map((_, i) => world.api(NAMES[i % NAMES.length] ?? ''))
      same(
        found.map((each) => each?.aud),
        expected,
      )
      await checkSequence(world, client, NAMES.length)
    },
  },
  {
    item: 'forty audiences in turn: no refresh once each is held',
    async run(world) {
      const names = Array.from({ length: 40 }, (_, i) => `api-${i}`)
      const { app, user, client } = await signedIn(world, names)
      const calls = names.map((name) =>
        app.createTokenFetch({ baseUrl: `${world.api(name)}/`, resource: world.api(name) }),
      )
      const callInTurn = () =>
        user.run(async () => {
          for (const [i, call] of calls.entries()) same((await callApi(call)).aud, world.api(names[i] ?? ''))
        })
      await callInTurn()
      await checkSequence(world, client, names.length)
      await callInTurn()
      same((await world.requests(client)).length, 0)
    },
  },
]

/** Lets the first token of a grant claim another lifetime, so that a row waits only shortly for its end. */
function shortenFirstToken(seconds: number): typeof fetch {
  return changeTokenResponses((response, form) =>
    form.get('grant_type') === 'authorization_code' ? { ...response, expires_in: seconds } : response,
  )
}

/** Waits for an expiry: a real server does not move its clock. */
async function waitSeconds(seconds: number): Promise<void> {
  const end = Date.now() + seconds * 1000
  while (Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 50))
}
