/** A folder whose `node_modules` holds an npm package, installed into `.tools` on first use. */
export function ensurePackage(name: string, version: string): Promise<string>
/**
 * The path of an executable that comes as an npm package, installed into `.tools` on first use. Safe to call from
 * several processes at once.
 */
export function ensureTool(name: string, version: string): Promise<string>
export function ensureNode(version: string): Promise<string>
export function ensureDeno(version: string): Promise<string>
export function ensureBun(version: string): Promise<string>
