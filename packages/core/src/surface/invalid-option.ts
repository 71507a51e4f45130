import { ConfigurationError } from '../vocabulary/index.ts'

export function invalid(option: string, problem: string): ConfigurationError {
  return new ConfigurationError('invalid_option', `Option "${option}" ${problem}`)
}

/** A path of this application, in the spelling that browsers will send. */
export function checkPath(option: string, path: string): string {
  const isPath = typeof path === 'string' && /^\/(?!\/)[\w\-./~]*$/.test(path)
  if (!isPath || new URL(path, 'https://app.example.com').pathname !== path)
    throw invalid(option, 'must be a path that starts with a single "/", without "." or ".." in it')
  return path
}
