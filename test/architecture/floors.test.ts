import { describe, expect, it } from 'vitest'
import { isShard, measureSource } from '../../scripts/measure/source.mjs'
import { readCore } from './source-files.ts'

const FLOORS = [
  'vocabulary',
  'model',
  'rules',
  'ports',
  'mechanisms',
  'handlers',
  'surface',
  'providers',
] as const
const files = readCore()

/** Files with logic that have few lines of code, and the reason why they are not part of another file. */
const SMALL_FOR_A_REASON = {
  'mechanisms/refresh/token-uses.ts':
    'The refreshers of all grants of a session must share the uses of its tokens.',
  'mechanisms/runtime/is-promise.ts':
    'Every check for a promise must work if a tool has replaced the global one.',
  'mechanisms/runtime/limit-events.ts':
    'Each event that a hostile peer can cause is limited in the same way.',
  'mechanisms/sessions/derive-key.ts': 'Encryption and signature derive their keys in the same way.',
  'model/time-reading.ts': 'All floors above compare dates in this way.',
  'rules/browser/base-path.ts': 'Routes, proxy and redirects must agree on the paths of the application.',
  'rules/calls/allowed-headers.ts': 'Bundles without a proxy and `relay()` do not contain these patterns.',
  'surface/check.ts': 'Bundles that do not check the server do not contain it.',
  'rules/same-text.ts': 'Every comparison with a secret must take constant time.',
}

describe('the floors of core', () => {
  it('has every file on a floor, and entry files on top', () => {
    const homeless = files.filter(({ path }) => floorOf(path) === -1).map(({ path }) => path)
    expect(homeless).toEqual([])
  })

  it('imports only from the same floor or lower ones', () => {
    const upward = files.flatMap(({ path, imports }) =>
      imports
        .filter((to) => to.endsWith('.ts') && floorOf(to) > floorOf(path))
        .map((to) => `${path} -> ${to}`),
    )
    expect(upward).toEqual([])
  })

  it('has no circle of imports', () => {
    expect(circles()).toEqual([])
  })

  it('keeps rules pure: no clock, no chance, no promise, no I/O', () => {
    const impure =
      /\bDate\b|\bMath\.random\b|\basync\b|\bawait\b|\bPromise\b|\bfetch\(|\bcrypto\b|\bperformance\b|\bsetTimeout\b/
    const found = files
      .filter(({ path }) => /^(?:model|rules)\//.test(path) && impure.test(withoutComments(path)))
      .map(({ path }) => path)
    // Reads the date of a header. The time that it is compared with is passed in.
    expect(found).toEqual(['rules/protocol/time-headers.ts'])
  })

  it('reads the clock and throws dice in one place each', () => {
    const using = (what: RegExp) =>
      files.filter(({ path }) => what.test(withoutComments(path))).map(({ path }) => path)
    expect(using(/\bDate\.now\b|\bperformance\b/)).toEqual(['mechanisms/runtime/system-clock.ts'])
    expect(using(/\bMath\.random\b/)).toEqual(['mechanisms/runtime/system-clock.ts'])
  })

  it('has only types in ports', () => {
    const values = files.filter(
      ({ path, text }) => path.startsWith('ports/') && /^export (?:const|function|class|let)/m.test(text),
    )
    expect(values.map(({ path }) => path)).toEqual([])
  })

  it('has one place for each library', () => {
    const importers = (library: string) =>
      files.filter(({ imports }) => imports.includes(library)).map(({ path }) => path)
    const elsewhere = importers('oauth4webapi').filter((path) => !path.startsWith('mechanisms/protocol/'))
    expect(elsewhere).toEqual([])
    expect(importers('iron-webcrypto')).toEqual(['mechanisms/sessions/seal.ts'])
  })

  it('has in the usual path no client authentication but the secret, and only plain authorization requests', () => {
    const all = (path: string) => files.filter(({ values }) => values.includes(path)).map((file) => file.path)
    // The profile is composed of them, and has its own entry.
    expect(all('surface/fapi2.ts')).toEqual(['fapi.ts'])
    const importers = (path: string) => all(path).filter((each) => each !== 'surface/fapi2.ts')
    const values = importers('mechanisms/protocol/client-authentication.ts')
    // Each file with a value for `clientAuthentication` creates it here, and costs nothing unless it is imported.
    expect(values.toSorted()).toEqual([
      'mechanisms/protocol/client-certificate.ts',
      'mechanisms/protocol/client-secret.ts',
      'mechanisms/protocol/connection.ts',
      'mechanisms/protocol/custom-requests.ts',
      'mechanisms/protocol/private-key-jwt.ts',
      'surface/client-authentication.ts',
    ])
    expect(importers('mechanisms/protocol/client-secret.ts').toSorted()).toEqual([
      'credentials.ts',
      'surface/client-authentication.ts',
    ])
    expect(importers('mechanisms/protocol/private-key-jwt.ts')).toEqual(['credentials.ts'])
    expect(importers('mechanisms/protocol/client-certificate.ts')).toEqual(['mtls.ts'])
    for (const name of ['jar', 'jarm', 'par'])
      expect(importers(`mechanisms/protocol/${name}.ts`)).toEqual(['authorization.ts'])
  })

  it('imports nothing else from outside', () => {
    const ofFramework = /^next\//
    const outside = new Set(files.flatMap(({ imports }) => imports).filter((to) => !to.endsWith('.ts')))
    expect([...outside].filter((to) => !ofFramework.test(to)).toSorted()).toEqual([
      'iron-webcrypto',
      'oauth4webapi',
    ])
    // An entry for a framework uses its modules. No other entry reaches it.
    const users = files.filter(({ imports }) => imports.some((to) => ofFramework.test(to)))
    expect(users.map(({ path }) => path)).toEqual(['surface/next.ts'])
    const importers = files.filter(({ imports }) => imports.includes('surface/next.ts'))
    expect(importers.map(({ path }) => path)).toEqual(['next.ts'])
  })

  it('reaches nothing about signing in, and no proxy, from the tokens entry', () => {
    const reached = new Set<string>()
    const visit = (path: string): void => {
      if (reached.has(path)) return
      reached.add(path)
      for (const to of files.find((file) => file.path === path)?.values ?? []) visit(to)
    }
    visit('tokens.ts')
    const handlers = [...reached].filter((path) => path.startsWith('handlers/'))
    expect(handlers.toSorted()).toEqual([
      'handlers/calls/prepared-call.ts',
      'handlers/calls/relay.ts',
      'handlers/calls/token-fetch.ts',
      'handlers/problem.ts',
    ])
    expect([...reached].filter((path) => /sign-in|id-token|logout/.test(path))).toEqual([])
    // The part of the authorization server that keeps tokens current.
    expect([...reached].filter((path) => path.startsWith('mechanisms/protocol/')).toSorted()).toEqual([
      'mechanisms/protocol/authorization-servers.ts',
      'mechanisms/protocol/client-authentication.ts',
      'mechanisms/protocol/client-secret.ts',
      'mechanisms/protocol/connection.ts',
      'mechanisms/protocol/custom-requests.ts',
      'mechanisms/protocol/discovery-errors.ts',
      'mechanisms/protocol/discovery.ts',
      'mechanisms/protocol/failure-pause.ts',
      'mechanisms/protocol/form-request.ts',
      'mechanisms/protocol/http.ts',
      'mechanisms/protocol/metadata-cache.ts',
      'mechanisms/protocol/revoke-token.ts',
      'mechanisms/protocol/sender-constraint.ts',
      'mechanisms/protocol/server-clock.ts',
      'mechanisms/protocol/token-request.ts',
      'mechanisms/protocol/token-server.ts',
    ])
  })

  it('keeps files small', () => {
    const long = files.filter(({ text }) => text.split('\n').length > 215).map(({ path }) => path)
    expect(long).toEqual([])
  })

  it('has no small file without a reason', () => {
    // Each provider has its own file.
    const others = files.filter(({ path }) => !path.startsWith('providers/'))
    const small = others.filter(({ text }) => isShard(measureSource(text))).map(({ path }) => path)
    expect(small.toSorted()).toEqual(Object.keys(SMALL_FOR_A_REASON).toSorted())
  })
})

function floorOf(path: string): number {
  const [folder, ...rest] = path.split('/')
  if (rest.length === 0) return FLOORS.length
  return FLOORS.findIndex((floor) => floor === folder)
}

function withoutComments(path: string): string {
  const text = files.find((file) => file.path === path)?.text ?? ''
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
}

function circles(): string[] {
  const found: string[] = []
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) return void found.push([...trail.slice(trail.indexOf(path)), path].join(' -> '))
    if (done.has(path)) return
    for (const to of files.find((file) => file.path === path)?.imports ?? []) visit(to, [...trail, path])
    done.add(path)
  }
  for (const { path } of files) visit(path, [])
  return found
}
