/**
 * Token management alone, for applications that sign their users in by themselves.
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
