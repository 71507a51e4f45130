import { type Sandbox, startSandbox } from './sandbox.ts'

const { PORT, SESSION: session } = process.env

const sandbox = await start()
console.log(`Evertoken example: ${sandbox.appUrl}`)
console.log(`For the command-line tool: export ISSUER=${sandbox.issuer} API_URL=${sandbox.apiUrl}`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void sandbox.close())

/** On `PORT`, or on 3000, or on any when that is taken. */
async function start(): Promise<Sandbox> {
  if (PORT !== undefined) return startSandbox({ port: Number(PORT), session })
  return startSandbox({ port: 3000, session }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error
    return startSandbox({ port: 0, session })
  })
}
