// These run in the page, so they see only the page.

/** All that a script can get at. */
export async function readAll() {
  const paths = [
    '/',
    '/private',
    '/auth/user',
    '/act',
    '/auth/logout',
    '/auth/callback',
    '/auth/back-channel-logout',
  ]
  const answers = await Promise.all(
    paths.flatMap((path) =>
      ['GET', 'POST'].map(async (method) => {
        // Without its own proof, and so without effect.
        const init = path === '/auth/logout' ? { method: 'GET' } : { method }
        const response = await fetch(path, { ...init, redirect: 'manual' })
        const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`)
        return [...headers, await response.text()].join('\n')
      }),
    ),
  )
  return [
    document.cookie,
    ...Object.values(localStorage),
    ...Object.values(sessionStorage),
    ...(await indexedDB.databases()).map(({ name }) => name),
    ...(await caches.keys()),
    ...performance.getEntries().map(({ name }) => name),
    JSON.stringify(history.state),
    location.href,
    document.referrer,
    ...answers,
  ].join('\n')
}

/** Which of these a script or a link would follow to another origin. */
export function leadingAway(locations) {
  const link = document.getElementById('link')
  return locations.filter((target) => {
    link.setAttribute('href', target)
    return link.origin !== location.origin || new URL(target, document.baseURI).origin !== location.origin
  })
}
