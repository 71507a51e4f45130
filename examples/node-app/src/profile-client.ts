export interface Profile {
  readonly name: string
  readonly memberSince: string
  readonly plan: string
}

/** Stands for every typed or generated API client that takes the `fetch` to use. */
export class ProfileClient {
  readonly #fetch: (path: string) => Promise<Response>

  constructor(fetch: (path: string) => Promise<Response>) {
    this.#fetch = fetch
  }

  async mine(): Promise<Profile> {
    const response = await this.#fetch('mine')
    if (!response.ok) throw new Error(`Cannot read the profile: the API returned ${response.status}`)
    return (await response.json()) as Profile
  }
}
