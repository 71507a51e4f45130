export type * from './error-codes.ts'
export * from './errors.ts'
export type * from './events.ts'
export * from './access-token.ts'
