import { join } from 'node:path'
import { ensurePackage } from '../../scripts/tools.mjs'

export const SDK = '@modelcontextprotocol/sdk'
export const CLIENT = '@modelcontextprotocol/client'
export const AI = '@ai-sdk/mcp'
export const CONFORMANCE = '@modelcontextprotocol/conformance'

/** The releases that are tested. */
const VERSIONS = {
  [SDK]: '1.32.2',
  [CLIENT]: '2.4.0',
  [AI]: '2.0.99',
  [CONFORMANCE]: '0.2.0-alpha.12',
}

/** The folder of a package, which is installed on first use. */
export async function folderOf(name) {
  return join(await ensurePackage(name, VERSIONS[name]), 'node_modules', name)
}
