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
