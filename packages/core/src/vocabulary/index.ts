export * from './errors.ts'
export type * from './broken-reason.ts'
export type * from './events.ts'
export * from './access-token.ts'
