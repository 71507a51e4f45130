import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createIsolateFlights } from '../src/isolate-flights.ts'

const never = () => new Promise<string>(() => undefined)

describe('the flights of an isolate', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('give what one request brought to all that joined', async () => {
    const { join } = createIsolateFlights()
    let land: (token: string) => void = () => undefined
    const start = vi.fn(() => new Promise<string>((resolve) => (land = resolve)))

    const flights = [1, 2, 3].map(() => join('session', 'key', start))
    land('token')
    await vi.advanceTimersByTimeAsync(100)

    expect(flights.map(({ joined }) => joined)).toEqual([false, true, true])
    expect(await Promise.all(flights.map(({ result }) => result))).toEqual(['token', 'token', 'token'])
    expect(start).toHaveBeenCalledOnce()
  })

  it('give the error of one request to all that joined', async () => {
    const { join } = createIsolateFlights()
    const fail = () => Promise.reject(new Error('later'))

    const results = [join('session', 'key', fail), join('session', 'key', fail)].map(({ result }) =>
      result.catch(String),
    )
    await vi.advanceTimersByTimeAsync(100)

    expect(await Promise.all(results)).toEqual(['Error: later', 'Error: later'])
  })

  it('keep apart what differs in group or name', async () => {
    const { join } = createIsolateFlights()
    const flights = [
      join('a', 'b', never),
      join('a', 'c', never),
      join('b', 'b', never),
      join('a"', ',"b', never),
    ]
    expect(flights.every(({ joined }) => !joined)).toBe(true)
  })

  it('are joined no more once they have landed', async () => {
    const { join } = createIsolateFlights()
    await join('session', 'key', () => Promise.resolve('token')).result
    expect(join('session', 'key', never).joined).toBe(false)
  })

  it('are started again when the request that flew was cut off', async () => {
    const { join } = createIsolateFlights()
    void join('session', 'key', never)

    const { result } = join('session', 'key', () => Promise.resolve('token'))
    await vi.advanceTimersByTimeAsync(2000)

    expect(await result).toBe('token')
  })

  it('are started again by one of all that joined, as often as a request is cut off', async () => {
    const { join } = createIsolateFlights()
    const cutOff = 2
    let starts = 0
    const start = () => (++starts > 1 + cutOff ? Promise.resolve('token') : never())

    const landed: string[] = []
    for (let i = 0; i < 201; i++)
      void join('session', 'key', start).result.then((token) => landed.push(token))
    await vi.advanceTimersByTimeAsync(1600)
    expect(starts).toBe(2)
    await vi.advanceTimersByTimeAsync(3200)

    expect(starts).toBe(2 + cutOff)
    expect(landed).toHaveLength(200 - cutOff)
  })

  it('land for all when one that was taken for cut off lands after all', async () => {
    const { join } = createIsolateFlights()
    const late = () => new Promise<string>((resolve) => setTimeout(() => resolve('token'), 2000))

    void join('session', 'key', late)
    const landed: string[] = []
    for (let i = 0; i < 200; i++)
      void join('session', 'key', never).result.then((token) => landed.push(token))
    await vi.advanceTimersByTimeAsync(2100)

    expect(landed).toHaveLength(199)
  })
})
