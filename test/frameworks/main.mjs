/**
 * Real frameworks with the packed packages, a real authorization server and a real API on loopback.
 * Usage: node test/frameworks/main.mjs [framework or sign-in library …]
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { startApplication } from './application.mjs'
import { FRAMEWORKS, SIGN_IN_LIBRARIES } from './frameworks.mjs'
import { install } from './install.mjs'
import { EXTRAS, STEPS } from './scenario.mjs'
import { createUserAgent } from './user-agent.mjs'
import { startWorld } from './world.mjs'

const wanted = process.argv.slice(2)
const isWanted = (name) => wanted.length === 0 || wanted.includes(name)
const names = Object.keys(FRAMEWORKS).filter(isWanted)
const libraries = Object.keys(SIGN_IN_LIBRARIES).filter(isWanted)
const { home, folders } = await install([...names, ...libraries])
const require = createRequire(join(home, 'package.json'))
const importTestkit = (name) =>
  import(pathToFileURL(join(home, `node_modules/@evertoken/testkit/dist/${name}.js`)).href)
const testkit = { ...(await importTestkit('index')), ...(await importTestkit('world')) }

const problems = []
let passed = 0
// Each application has its own servers, so one can be built while another one is tested.
const queue = [...names]
await Promise.all([work(), work()])
for (const name of libraries) console.log(await runLibrary(name))
for (const problem of problems) console.log(`\nFAIL ${problem}`)
console.log(`\npassed=${passed} failed=${problems.length}`)
process.exit(problems.length === 0 ? 0 : 1)

async function work() {
  for (let name = queue.shift(); name !== undefined; name = queue.shift())
    console.log(await runFramework(name))
}

/** Runs the application with one sign-in library, and returns its line. */
async function runLibrary(name) {
  try {
    const { run } = await import(pathToFileURL(join(folders[name], 'main.mjs')).href)
    const marks = await run()
    passed += marks.length
    return [name, ...marks].join(' ')
  } catch (error) {
    problems.push(`${name}: ${error.stack}`)
    return `${name} ✗`
  }
}

/** Runs all steps of one framework, and returns its line. */
async function runFramework(name) {
  const { packages, extras, ...commands } = FRAMEWORKS[name]
  const [main] = Object.keys(packages)
  const { version } = require(join(home, 'node_modules', main, 'package.json'))
  const shiftFile = join(folders[name], 'shift')
  const world = await startWorld(testkit, shiftFile)
  const environment = {
    ISSUER: world.server.issuer,
    CLIENT_SECRET: world.server.clients[0].secret,
    API_URL: `${world.api.url}/`,
    SHIFT_FILE: shiftFile,
  }
  let application
  try {
    application = await startApplication(folders[name], commands, environment)
    const context = { world, agent: createUserAgent(testkit), url: application.url }
    const { 'signed-in': signIn, 'signed-out': signOut, ...others } = STEPS
    const extra = extras.map((each) => [each, EXTRAS[each]])
    const marks = {}
    for (const [step, run] of [
      ['signed-in', signIn],
      ...Object.entries(others),
      ...extra,
      ['signed-out', signOut],
    ]) {
      // The user is not signed in, so all other steps would fail too.
      if (marks['signed-in']?.startsWith('✗')) break
      marks[step] = await run(context).then(
        (mark) => (passed++, mark),
        (error) => {
          problems.push(`${name}, ${step}: ${error.stack}\n${application.output().slice(-1000)}`)
          return `✗${step}`
        },
      )
    }
    return [
      name,
      version,
      ...extras.map((each) => marks[each]),
      ...Object.keys(STEPS).map((each) => marks[each]),
    ].join(' ')
  } catch (error) {
    problems.push(`${name}: ${error.message}`)
    return `${name} ${version} ✗started`
  } finally {
    await application?.stop()
    await world.close()
  }
}
