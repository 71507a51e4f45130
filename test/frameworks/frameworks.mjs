/**
 * The frameworks: the packages that they need, how their application is built and started, and the steps beyond those of
 * all frameworks. A command is a path below `node_modules` or the application, and arguments. `PORT` stands for the port.
 */
export const FRAMEWORKS = {
  express: {
    packages: { express: '5.3.0', compression: '1.8.2', multer: '2.5.0' },
    start: ['main.mjs'],
    extras: ['head', 'upload', 'body-parser', 'multipart', 'compression', 'errors'],
  },
  fastify: {
    packages: { fastify: '5.12.8' },
    start: ['main.mjs'],
    extras: ['head', 'upload', 'body-parser', 'raw-response', 'errors'],
  },
  hono: {
    packages: { hono: '4.13.19', '@hono/node-server': '2.1.9' },
    start: ['main.mjs'],
    extras: ['head', 'upload', 'body-parser', 'arguments', 'immutable-headers', 'errors'],
  },
}
