export const RUNTIMES: {
  readonly node: readonly string[]
  readonly deno: string
  readonly workerd: string
  readonly bun: string
}
