/**
 * The device grant, which connects an account from a terminal without a browser.
 *
 * @module
 */
export {
  connectWithDeviceCode,
  type DeviceCodeOptions,
  type UserCode,
} from './surface/connections/connect-with-device-code.ts'
export type { ConnectableConnection } from './surface/connections/connection-parts.ts'
