import type { Scenario } from '../scenario.ts'
import { calling } from './calling.ts'
import { hostileCookies } from './hostile-cookies.ts'
import { refreshing } from './refreshing.ts'
import { signingIn } from './signing-in.ts'
import { store } from './store.ts'
import { streaming } from './streaming.ts'

export const scenarios: readonly Scenario[] = [
  ...signingIn,
  ...refreshing,
  ...hostileCookies,
  ...calling,
  ...streaming,
  ...store,
]
