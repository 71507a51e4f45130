/** Shares one running piece of work among all who want its result. */
export interface Flights {
  /**
   * Joins the flight of this name, or starts it. Flights of one group run one after the other, in order of arrival;
   * flights of different groups do not wait for each other.
   */
  join<T>(
    group: string,
    name: string,
    start: () => Promise<T>,
  ): { readonly result: Promise<T>; readonly joined: boolean }
}
