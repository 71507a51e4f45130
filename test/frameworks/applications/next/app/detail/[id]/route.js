import { route } from '../../../functions.mjs'

export const GET = route(async (request, { params }) =>
  Response.json({ id: (await params).id, path: request.nextUrl.pathname }),
)
