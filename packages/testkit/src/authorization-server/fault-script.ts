import type { FaultScript as Script, ScriptEntry as Entry } from '../fault-script.ts'
import type { Fault } from './faults.ts'
import type { IncomingRequest, RequestKind } from './model.ts'

export type FaultChooser = (request: IncomingRequest) => Fault | undefined
export type ScriptEntry = Entry<Fault, IncomingRequest>
export type FaultScript = Script<RequestKind, Fault, IncomingRequest>
