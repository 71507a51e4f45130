export interface SourceMeasures {
  readonly lines: number
  readonly docLines: number
  readonly codeLines: number
  readonly spreads: number
  readonly functions: readonly number[]
  readonly hasLogic: boolean
}
export function measureSource(text: string): SourceMeasures
/** Whether a file is so small that it might belong into another one. */
export function isShard(measures: SourceMeasures): boolean
