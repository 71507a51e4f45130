import { auth } from '../auth.mjs'

export const onRequest = ({ request }, next) => auth.handle(request, () => next())
