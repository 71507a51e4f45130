import { spawn } from 'node:child_process'

type Command = readonly [string, ...string[]]

const COMMANDS: Partial<Record<NodeJS.Platform, Command>> = {
  darwin: ['open'],
  // `start` of the shell would interpret the `&` in the URL.
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
}

/** Opens the URL in the browser of this machine, and prints it in case there is none. `BROWSER=none` only prints it. */
export function openBrowser(url: string): void {
  console.error(`Continue in your browser. If no page opens, open this address:\n${url}`)
  if (process.env['BROWSER'] === 'none') return
  const [command, ...args] = COMMANDS[process.platform] ?? ['xdg-open']
  const child = spawn(command, [...args, url], { stdio: 'ignore', detached: true })
  child.on('error', () => undefined)
  child.unref()
}
