import {
  array,
  assert,
  constant,
  constantFrom,
  integer,
  oneof,
  option,
  property,
  record as object,
  string,
  tuple,
} from 'fast-check'
import { describe, expect, it } from 'vitest'
import { withLease } from '../../../src/model/ledger-transitions.ts'
import type { SessionRecord } from '../../../src/model/session-record.ts'
import {
  cookieRefused,
  cookieSealed,
  headersSent,
  isTouchDue,
  observe,
  type ResponseState,
  sessionEnded,
  sessionStarted,
  sessionToTouch,
  UNUSED,
} from '../../../src/rules/sessions/response-state.ts'
import { createRecord } from '../../mechanisms/bench.ts'

type State = ResponseState<{ readonly record: SessionRecord }>

const sessions = constantFrom('a', 'b', 'c')
const records = object({ id: sessions, generation: integer({ min: 1, max: 5 }) }).map((changes) =>
  createRecord(0, changes),
)
const cookies = string({ minLength: 1, maxLength: 4 })

/** Every step that a request can take, in any order. */
const steps = oneof(
  records.map((record) => (state: State) => observe(state, { record })),
  tuple(records, cookies).map(([record, cookie]) => (state: State) => {
    return sessionStarted(state, { record, cookie })
  }),
  option(sessions, { nil: undefined }).map((key) => (state: State) => sessionEnded(state, key)),
  tuple(records, cookies).map(
    ([record, cookie]) =>
      (state: State) =>
        cookieSealed(state, record, cookie),
  ),
  constant((state: State) => cookieRefused(state, state.change)),
  constant((state: State) => headersSent(state)),
)
const states = array(steps).map((all) => all.reduce<State>((state, step) => step(state), UNUSED))

describe('the state of a response', () => {
  it('sets nothing for a request that has not used its session', () => {
    expect(UNUSED.change).toEqual({ kind: 'none' })
    expect(sessionToTouch(UNUSED)).toBeUndefined()
  })

  it('keeps the newest generation, in whatever order the results arrive', () => {
    assert(
      property(array(integer({ min: 1, max: 9 }), { minLength: 1 }), (generations) => {
        const state = generations.reduce<State>(
          (before, generation) => observe(before, { record: createRecord(0, { generation }) }),
          UNUSED,
        )
        expect(state.newest?.record.generation).toBe(Math.max(...generations))
      }),
    )
  })

  it('S27: a session that the request has ended sets no cookie until another one starts', () => {
    assert(
      property(states, sessions, array(steps), (before, key, after) => {
        let state = sessionEnded(before, key)
        for (const step of after) {
          const next = step(state)
          if (next.startedKey !== state.startedKey || next.endedKey !== key) return
          state = next
          expect(state.newest?.record.id).not.toBe(key)
          const { change } = state
          if (change.kind === 'set' && change.record.id === key) expect(state.startedKey).toBe(key)
        }
      }),
    )
  })

  it('S26: only the session that the request has started sets a cookie after its start', () => {
    assert(
      property(states, records, cookies, array(records), (before, record, cookie, late) => {
        let state = sessionStarted(before, { record, cookie })
        expect(state.change).toEqual({ kind: 'set', record, cookie })
        for (const each of late) {
          state = observe(state, { record: each })
          state = cookieSealed(state, each, 'late')
          expect([state.newest?.record.id ?? record.id, state.startedKey]).toEqual([record.id, record.id])
          expect(state.change).toMatchObject({ kind: 'set', record: { id: record.id } })
        }
      }),
    )
  })

  it('ignores a cookie that was sealed for a session that is no longer current', () => {
    assert(
      property(states, records, cookies, (state, record, cookie) => {
        const next = cookieSealed(state, record, cookie)
        const isCurrent = state.newest?.record.id === record.id
        expect(next === state).toBe(!isCurrent)
        if (isCurrent) expect(next.change).toEqual({ kind: 'set', cookie, record })
      }),
    )
  })

  it('a refused cookie takes back only itself', () => {
    assert(
      property(states, records, cookies, (state, record, cookie) => {
        expect(cookieRefused(state, state.change).change).toEqual({ kind: 'none' })
        const later = sessionStarted(state, { record, cookie })
        expect(cookieRefused(later, state.change)).toBe(later)
      }),
    )
  })

  it('touches only a session without a lease, and only if the response changes no cookie', () => {
    assert(
      property(states, (state) => {
        const seen = sessionToTouch(state)
        expect(seen !== undefined).toBe(state.newest !== undefined && state.change.kind === 'none')
      }),
    )
    const state = observe<{ readonly record: SessionRecord }>(UNUSED, {
      record: createRecord(0, {}, withLease(createRecord(0).ledger, 'holder')),
    })
    expect(sessionToTouch(state)).toBeUndefined()
  })

  it('stays the same object if the request sees the same state again', () => {
    assert(
      property(states, (state) => {
        if (state.newest) expect(observe(state, state.newest)).toBe(state)
      }),
    )
  })

  it('remembers that the headers are sent', () => {
    assert(
      property(states, array(steps), (before, after) => {
        const state = after.reduce<State>((each, step) => step(each), headersSent(before))
        expect(state.areHeadersSent).toBe(true)
      }),
    )
  })

  it('a touch is due after a tenth of the idle timeout', () => {
    const record = createRecord(1000)
    expect(isTouchDue(record, 1360, 3600)).toBe(false)
    expect(isTouchDue(record, 1360.1, 3600)).toBe(true)
  })
})
