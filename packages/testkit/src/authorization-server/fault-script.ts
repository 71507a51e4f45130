import type { FaultScript as Script, ScriptEntry as Entry } from '../fault-script.ts'
import type { Fault } from './faults.ts'
import type { IncomingRequest, RequestKind } from './model.ts'

/** Chooses the fault for a request. `undefined` is a correct response. */
export type FaultChooser = (request: IncomingRequest) => Fault | undefined
/** A fault, `undefined` for a correct response, or a function that chooses for each request. */
export type ScriptEntry = Entry<Fault, IncomingRequest>
export type FaultScript = Script<RequestKind, Fault, IncomingRequest>
