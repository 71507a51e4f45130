import type { Seal } from '../../mechanisms/sessions/seal.ts'
import { canStartLogin, isPrefetch } from '../../rules/browser/same-site.ts'
import { sameText } from '../../rules/same-text.ts'
import { type EvertokenError, RequestRefusedError } from '../../vocabulary/index.ts'
import { createResponse, escapeHtml, page, UNFRAMED } from '../responses.ts'
import { readForm } from '../routes/form.ts'
import { notOpened } from '../routes/login.ts'
import { connectRefusal, notUsable } from './connect-context.ts'
import { isResponse, readResponseParameters, repeatForm, stateOf } from './connection-grant.ts'
import type { LoopbackBrowser } from './loopback-browser.ts'

/** The parts of an attempt to connect on loopback that its requests use. */
export interface LoopbackHandlerOptions {
  readonly redirectUri: string
  readonly authorizationUrl: string
  /** The `state` of the authorization request. */
  readonly state: string
  /** Encrypts a posted response. */
  readonly seal: Seal
  /** Whether the attempt has ended, or its grant is being stored. */
  readonly isEnded: () => boolean
  /** Exchanges the code once. Resolves to the error, if it fails or the attempt has ended before. */
  readonly redeem: (received: URLSearchParams) => Promise<EvertokenError | undefined>
  /** Ends the attempt. Nothing is stored after that. */
  readonly refuse: (error: EvertokenError) => void
}

/** Creates the function that handles the requests of browsers to an attempt to connect on loopback. */
export function createLoopbackHandler(
  browser: LoopbackBrowser,
  name: string,
  { redirectUri, authorizationUrl, state, seal, isEnded, redeem, refuse }: LoopbackHandlerOptions,
): (request: Request) => Promise<Response> {
  const redirectPath = new URL(redirectUri).pathname

  function start(request: Request): Response {
    // Pages of other sites can cause other requests. They do not use the link.
    if (request.method !== 'GET' || !canStartLogin(request.headers)) return notOpened()
    if (isEnded()) return connectRefusal(request, notUsable())
    const response = browser.start(request, authorizationUrl)
    if (response) return response
    // One of the two browsers might be of an attacker, with another account.
    const error = openedTwice()
    refuse(error)
    return connectRefusal(request, error)
  }

  async function finish(request: Request): Promise<Response> {
    // With `form_post`, the authorization server lets the browser post its response.
    const form = await readForm(request)
    const received = form ?? (await readResponseParameters(new URL(request.url).searchParams, seal))
    // Another page can send requests to loopback too. They do not end the attempt.
    if (!isResponse(received) || !sameText(stateOf(received), state))
      return connectRefusal(request, notUsable())
    if (form) return repeatForm(form, redirectUri, seal)
    if (!browser.isFrom(request)) return connectRefusal(request, otherBrowser())
    const failure = await redeem(received)
    // The user can reload this page.
    if (!failure) return connectedPage(name)
    const response = connectRefusal(request, failure)
    response.headers.append('set-cookie', browser.clear())
    return response
  }

  return async (request) => {
    if (isPrefetch(request.headers)) return createResponse(503)
    const { pathname } = new URL(request.url)
    if (browser.isStart(pathname)) return start(request)
    return pathname === redirectPath ? finish(request) : createResponse(404)
  }
}

function connectedPage(name: string): Response {
  const body = `<h1>Connected</h1><p>${escapeHtml(name)} is connected. You can close this window.</p>`
  return page(createResponse(200), 'Connected', UNFRAMED, body)
}

function openedTwice(): RequestRefusedError {
  const message =
    'Cannot connect: the link was opened in two browsers, and one of them might not be yours. Start again, and open the new ' +
    'link once.'
  return new RequestRefusedError('login_transaction_invalid', message)
}

/** The response does not end the attempt. */
function otherBrowser(): RequestRefusedError {
  const message =
    'Cannot connect: this browser has not opened the link of the program, or it blocks cookies. Open the link in this ' +
    'browser, and allow cookies.'
  return new RequestRefusedError('login_transaction_invalid', message)
}
