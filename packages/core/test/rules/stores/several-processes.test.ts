import { describe, expect, it } from 'vitest'
import { detectSeveralProcesses } from '../../../src/rules/stores/several-processes.ts'

const withVariables = (variables: Readonly<Record<string, string>>, isClusterWorker = false) =>
  detectSeveralProcesses({ variable: (name) => variables[name], isClusterWorker })

describe('detectSeveralProcesses', () => {
  it.each([
    ['AWS Lambda', { AWS_LAMBDA_FUNCTION_NAME: 'web' }],
    ['Google Cloud Run', { K_SERVICE: 'web' }],
    ['Azure Functions', { FUNCTIONS_WORKER_RUNTIME: 'node' }],
    ['Deno Deploy', { DENO_DEPLOYMENT_ID: 'abc' }],
    ['Vercel', { VERCEL: '1', VERCEL_ENV: 'production' }],
    ['a preview on Vercel', { VERCEL: '1', VERCEL_ENV: 'preview' }],
  ])('is sure on %s', (_name, variables) => {
    expect(withVariables(variables)).toBe('serverless')
  })

  it.each([
    ['2 instances', { pm_id: '0', instances: '2', NODE_APP_INSTANCE: '0' }],
    ['one for each CPU', { pm_id: '0', instances: 'max', NODE_APP_INSTANCE: '0' }],
    ['all CPUs but one', { pm_id: '0', instances: '-1', NODE_APP_INSTANCE: '0' }],
    ['a second instance', { pm_id: '1', NODE_APP_INSTANCE: '1' }],
  ])('is sure with PM2 and %s', (_name, variables) => {
    expect(withVariables(variables)).toBe('pm2')
  })

  it('is sure in a worker of node:cluster', () => {
    expect(withVariables({}, true)).toBe('cluster')
  })

  it.each([
    ['no variables', {}, false],
    ['the local server of Vercel', { VERCEL: '1', VERCEL_ENV: 'development' }, false],
    ['an empty variable', { K_SERVICE: '' }, false],
    ['one process of PM2', { pm_id: '0', instances: '1', NODE_APP_INSTANCE: '0' }, false],
    ['one process in the cluster mode of PM2', { pm_id: '0', instances: '1', NODE_APP_INSTANCE: '0' }, true],
  ])('is not sure with %s', (_name, variables, isClusterWorker) => {
    expect(withVariables(variables, isClusterWorker)).toBeUndefined()
  })
})
