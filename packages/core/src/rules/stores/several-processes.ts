import type { SeveralProcesses } from '../../vocabulary/index.ts'

/** The facts that a process can learn about itself. */
export interface ProcessEnvironment {
  /** Reads an environment variable. Never asks for a permission. */
  variable(name: string): string | undefined
  /** Whether `node:cluster` started the process. */
  readonly isClusterWorker?: boolean
}

/**
 * Variables that a platform sets in each instance of a function. It starts and stops instances as it likes, so their
 * memory is neither shared nor permanent.
 */
const SERVERLESS = [
  'AWS_LAMBDA_FUNCTION_NAME',
  // Google Cloud Run and Cloud Functions
  'K_SERVICE',
  // Azure Functions
  'FUNCTIONS_WORKER_RUNTIME',
  // Deno Deploy and Netlify Edge Functions
  'DENO_DEPLOYMENT_ID',
]

/** Returns `undefined` if the process might be the only one. */
export function detectSeveralProcesses(environment: ProcessEnvironment): SeveralProcesses | undefined {
  const { variable, isClusterWorker = false } = environment
  if (SERVERLESS.some((name) => variable(name)) || isOnVercel(variable)) return 'serverless'
  // The cluster mode of PM2 also starts a single process with `node:cluster`.
  if (variable('pm_id')) return isOneOfPm2(variable) ? 'pm2' : undefined
  return isClusterWorker ? 'cluster' : undefined
}

/** `vercel dev` and a pulled environment also set `VERCEL`. */
function isOnVercel(variable: ProcessEnvironment['variable']): boolean {
  return Boolean(variable('VERCEL')) && variable('VERCEL_ENV') !== 'development'
}

/** The setting `instances` is a number, `max` or 0 for all CPUs, or a negative number for some less. */
function isOneOfPm2(variable: ProcessEnvironment['variable']): boolean {
  const instances = variable('instances') ?? '1'
  return instances !== '1' || Number(variable('NODE_APP_INSTANCE') ?? 0) > 0
}
