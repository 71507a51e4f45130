import { join } from 'node:path'

// All applications share one folder of packages.
const root = join(import.meta.dirname, '../..')
export default { turbopack: { root }, outputFileTracingRoot: root }
