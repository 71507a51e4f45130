import { Session } from 'node:inspector/promises'

/** A part of the address of each module of core. */
const CORE = '/packages/core/dist/'

/**
 * Counts how often a piece of work enters each function of core. An async function is entered again after each `await`.
 *
 * @returns The files, each with its functions, those with the most entries first.
 */
export async function traceCore(work) {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  try {
    await session.post('Profiler.takePreciseCoverage')
    await work()
    const { result } = await session.post('Profiler.takePreciseCoverage')
    return result
      .filter(({ url }) => url.includes(CORE))
      .map(toFile)
      .filter(({ entries }) => entries > 0)
      .toSorted((a, b) => b.entries - a.entries)
  } finally {
    session.disconnect()
  }
}

function toFile({ url, functions }) {
  const entered = functions
    .map(({ functionName, ranges }) => ({ name: functionName || '(no name)', entries: ranges[0].count }))
    .filter(({ entries }) => entries > 0)
  const path = url.slice(url.indexOf(CORE) + CORE.length).replace(/js$/, 'ts')
  return { path, entries: sum(entered), functions: entered }
}

/** Adds the entries of functions or files. */
export function sum(all) {
  return all.reduce((total, { entries }) => total + entries, 0)
}
