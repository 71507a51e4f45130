import { type RowResult, runRows } from '../program/run.ts'
import type { Config, Host } from '../program/world.ts'

/** Runs the table as a script. Its arguments are the configuration and the text of the rows to run. */
export async function runScript(host: Host, [config = '', only = '']: readonly string[]): Promise<void> {
  await runRows(host, JSON.parse(config) as Config, only, (result: RowResult) => {
    // oxlint-disable-next-line no-console
    console.log(JSON.stringify(result))
  })
}
