import { Session } from 'node:inspector/promises'

/** A part of the address of each module of core. */
const CORE = '/packages/core/dist/'

/** Counts the functions of core that a piece of work enters, and the files that contain them. */
export async function traceCore(work) {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  try {
    await session.post('Profiler.takePreciseCoverage')
    await work()
    const { result } = await session.post('Profiler.takePreciseCoverage')
    return count(result.filter(({ url }) => url.includes(CORE)))
  } finally {
    session.disconnect()
  }
}

function count(scripts) {
  const entries = scripts.map(({ functions }) =>
    functions.reduce((sum, { ranges }) => sum + ranges[0].count, 0),
  )
  return {
    entries: entries.reduce((sum, each) => sum + each, 0),
    files: entries.filter((each) => each > 0).length,
  }
}
