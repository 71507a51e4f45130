/** The first words of Redis errors that an operator must know. */
const WORDS =
  /^(?:ERR|NOAUTH|WRONGPASS|NOPERM|READONLY|LOADING|OOM|CLUSTERDOWN|MISCONF|BUSY|MASTERDOWN|NOREPLICAS|NOSCRIPT|WRONGTYPE)\b/

/** Adds the first word of a Redis error as `code`. Clients leave it in the message, which Evertoken never shows. */
export async function withRedisCode<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    const [code] = WORDS.exec(error instanceof Error ? error.message : '') ?? []
    throw code === undefined ? error : Object.assign(new Error(code), { name: 'RedisError', code })
  }
}
