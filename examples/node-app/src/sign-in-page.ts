/** The one user of the authorization server. */
export const user = { sub: 'ada', name: 'Ada Lovelace', email: 'ada@example.com' }

const STYLE = `
  :root { color-scheme: light dark; --back: #f4f5f3; --card: #fff; --text: #17211c; --quiet: #5f6b65; --line: #e1e5e2 }
  @media (prefers-color-scheme: dark) {
    :root { --back: #0e1311; --card: #161d1a; --text: #e8eeea; --quiet: #93a19a; --line: #28322d }
  }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--back); color: var(--text);
    font: 16px/1.5 Inter, system-ui, sans-serif }
  main { width: min(21rem, calc(100% - 6rem)); padding: 2.25rem; border: 1px solid var(--line); border-radius: 1rem;
    background: var(--card); text-align: center }
  b { display: grid; place-items: center; width: 4rem; height: 4rem; margin: 0 auto 1rem; border-radius: 50%;
    background: #4338ca; color: #fff; font-size: 1.3rem }
  h1 { margin: 0; font-size: 1.25rem }
  p { margin: .25rem 0 1.75rem; color: var(--quiet) }
  button { width: 100%; padding: .75rem; border: 0; border-radius: .6rem; background: #4338ca; color: #fff;
    font: inherit; font-weight: 600; cursor: pointer }
  small { display: block; margin-top: 1.25rem; color: var(--quiet) }`

export function signInPage(): string {
  return document(
    'Sign in',
    `<b>AL</b><h1>${user.name}</h1><p>${user.email}</p>
    <form method="post"><button autofocus>Continue as Ada</button></form>
    <small>This is the authorization server, on another origin than the application.</small>`,
  )
}

/** Submits automatically, because the user has just clicked "Sign out". */
export function signOutPage(form: string): string {
  return document(
    'Sign out',
    `<h1>Signing out…</h1><p>of the authorization server too</p>${form}
    <button form="op.logoutForm" name="logout" value="yes">Sign out</button>
    <script>document.querySelector('button').click()</script>`,
  )
}

/** Asks for the code that a device shows. */
export function deviceCodePage(form: string): string {
  return document(
    'Connect a device',
    `<h1>Connect a device</h1><p>Enter the code that the device shows.</p>${form}
    <p></p><button form="op.deviceInputForm">Continue</button>`,
  )
}

/** Lets the user compare the codes, because another person could have sent a link with theirs. */
export function deviceConfirmPage(form: string, code: string): string {
  return document(
    'Connect a device',
    `<h1>${code}</h1><p>Continue only if your device shows this code.</p>${form}
    <button autofocus form="op.deviceConfirmForm">Continue</button><p></p>
    <button form="op.deviceConfirmForm" value="yes" name="abort">Cancel</button>`,
  )
}

export function deviceSuccessPage(): string {
  return document('Connected', '<h1>Connected</h1><p>Return to your device.</p>')
}

function document(title: string, body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title>
    <meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><style>${STYLE}</style><main>${body}</main></html>`
}
