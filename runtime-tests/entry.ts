import { fileURLToPath } from 'node:url'

/** The bundled program of a runtime: `run.mjs` puts them next to the driver. */
export function entry(runtime: string): string {
  return fileURLToPath(new URL(`entries/${runtime}.js`, import.meta.url))
}
