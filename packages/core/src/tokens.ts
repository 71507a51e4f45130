/**
 * Token management for applications that sign users in with another library.
 *
 * @module
 */
export * from './common.ts'
export { createCurrentTokens, type CurrentTokens } from './surface/current-tokens.ts'
export {
  createTokenEngine,
  createTokenManagement,
  type TokenEngine,
  type TokenEngineOptions,
  type TokenManagement,
} from './surface/token-management.ts'
