/** The first words of errors that a Redis server answers with and an operator has to know of. */
const WORDS =
  /^(?:ERR|NOAUTH|WRONGPASS|NOPERM|READONLY|LOADING|OOM|CLUSTERDOWN|MISCONF|BUSY|MASTERDOWN|NOREPLICAS|NOSCRIPT|WRONGTYPE)\b/

/** Names the error of a Redis server by its first word as `code`: the clients leave it in the text, which is never told. */
export async function withRedisCode<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    const [code] = WORDS.exec(error instanceof Error ? error.message : '') ?? []
    throw code === undefined ? error : Object.assign(new Error(code), { name: 'RedisError', code })
  }
}
