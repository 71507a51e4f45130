// The parts of other packages that the programs use. The tests of the frameworks use the packages themselves.
declare module 'express' {
  import type { IncomingMessage, Server, ServerResponse } from 'node:http'

  interface Response extends ServerResponse {
    status(code: number): Response
    json(body: unknown): Response
    redirect(status: number, url: string): void
  }
  type Incoming = IncomingMessage & { readonly body: unknown }
  type Middleware = (
    request: IncomingMessage,
    response: ServerResponse,
    next: (error?: unknown) => void,
  ) => void
  type Handler = (request: Incoming, response: Response) => void | Promise<void>
  interface Application {
    use(middleware: Middleware): void
    get(path: string, handler: Handler): void
    post(path: string, handler: Handler): void
    listen(port: number): Server
  }
  const express: (() => Application) & { json(): Middleware }
  export default express
}

declare module 'hono' {
  interface Context {
    readonly req: { readonly raw: Request }
    json(body: unknown): Response
    redirect(url: string): Response
    notFound(): Response
  }
  type Handler = (context: Context) => Response | Promise<Response>
  export class Hono {
    get(path: string, handler: Handler): this
    all(path: string, handler: Handler): this
    readonly fetch: (request: Request, env?: object, ctx?: object) => Response | Promise<Response>
  }
}
