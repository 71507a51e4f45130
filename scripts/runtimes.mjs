/** The releases everything is tested on. */
export const RUNTIMES = {
  node: ['20.20.2', '22.23.3', '24.21.0', '26.10.0'],
  deno: '2.9.5',
  workerd: '1.20261117.1',
  bun: '1.4.5',
}
