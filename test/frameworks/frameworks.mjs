import { RUNTIMES } from '../../scripts/runtimes.mjs'

/** Astro and SvelteKit do not run on Node 20. */
const NEWER_NODE = RUNTIMES.node[1]

/** Other libraries that sign users in. Their applications need no server: `run` of `main.mjs` does all steps. */
export const SIGN_IN_LIBRARIES = {
  authjs: { packages: { '@auth/core': '0.41.3' } },
}

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
    extras: ['head', 'upload', 'body-parser', 'own-cookies', 'immutable-headers', 'errors'],
  },
  next: {
    packages: { next: '16.4.6', react: '19.3.1', 'react-dom': '19.3.1' },
    build: ['next/dist/bin/next', 'build'],
    start: ['next/dist/bin/next', 'start', '--port', 'PORT', '--hostname', 'localhost'],
    extras: ['head', 'upload', 'proxy', 'route-arguments', 'server-component', 'read-only', 'server-action'],
  },
  sveltekit: {
    node: NEWER_NODE,
    packages: {
      '@sveltejs/kit': '3.2.0',
      '@sveltejs/adapter-node': '6.0.1',
      '@sveltejs/vite-plugin-svelte': '7.3.1',
      svelte: '5.57.3',
      vite: '8.4.0',
    },
    build: ['vite/bin/vite.js', 'build'],
    start: ['build/index.js'],
    extras: ['head', 'upload', 'own-cookies', 'load'],
  },
  astro: {
    node: NEWER_NODE,
    packages: { astro: '7.3.5', '@astrojs/node': '11.1.6' },
    build: ['astro/bin/astro.mjs', 'build'],
    start: ['dist/server/entry.mjs'],
    extras: ['head', 'upload'],
  },
  'react-router': {
    packages: {
      'react-router': '8.4.0',
      '@react-router/node': '8.4.0',
      '@react-router/serve': '8.4.0',
      '@react-router/dev': '8.4.0',
      isbot: '5.2.3',
    },
    build: ['@react-router/dev/bin.cjs', 'build'],
    start: ['@react-router/serve/bin.cjs', 'build/server/index.js'],
    extras: ['head', 'upload'],
  },
}
