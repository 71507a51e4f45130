/** Secrets that no log, event, error, URL or page may show. */
const CANARY = /(?:rt|at|secret|seal)_canary[\w-]*|eyJ[\w-]{20,}\.[\w-]+/

/** RP-Initiated Logout sends it through the browser. */
const ID_TOKEN_HINT = /id_token_hint=[\w.-]+/g

export function findCanary(text: string): string | undefined {
  return CANARY.exec(text.replace(ID_TOKEN_HINT, ''))?.[0].slice(0, 12)
}

/** What a request carries, with what `Basic` hides. */
export function carried(headers: Headers, body: string): string {
  const basic = /^Basic (.+)$/.exec(headers.get('authorization') ?? '')?.[1] ?? ''
  return `${JSON.stringify([...headers])} ${Buffer.from(basic, 'base64').toString()} ${decodeURIComponent(body)}`
}

const written: string[] = []

/** Records all output of this process from now on. */
export function listenToOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream) as (...args: unknown[]) => boolean
    stream.write = (...args: unknown[]) => {
      written.push(String(args[0]))
      return write(...args)
    }
  }
}

/** The output since the last call. */
export function takeOutput(): string {
  return written.splice(0).join('')
}
