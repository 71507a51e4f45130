import type { World } from '../adapters/world.ts'

/** The tools and servers of a program. */
export interface ProgramContext {
  /** An empty folder below the project with the packed packages. */
  readonly folder: string
  readonly project: string
  readonly world: World
  /** The executables. */
  readonly deno: string
  readonly bun: string
}

/** A program of the documentation on one runtime. */
export interface Program {
  readonly name: string
  /** Throws an error if the program does not do what its users do with it. */
  run(context: ProgramContext): Promise<void>
}
