/** The maximum number of items at the same time. A store has a limited number of connections. */
const BATCH = 50

/**
 * Does the same work for each item, for a limited number of them at the same time. A failure stops no other item.
 *
 * @returns The results in the order of the items.
 */
export async function settleInBatches<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<PromiseSettledResult<Result>[]> {
  const results: PromiseSettledResult<Result>[] = []
  for (let i = 0; i < items.length; i += BATCH)
    results.push(...(await Promise.allSettled(items.slice(i, i + BATCH).map(work))))
  return results
}

/** Does the same work for each item, for at most `limit` of them at the same time. The first failure rejects. */
export async function forEachInParallel<Item>(
  items: Iterable<Item>,
  limit: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const rest = items[Symbol.iterator]()
  const workNext = async () => {
    for (let next = rest.next(); !next.done; next = rest.next()) await work(next.value)
  }
  await Promise.all(Array.from({ length: limit }, workNext))
}
