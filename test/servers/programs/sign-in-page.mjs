/** The page of a server that has none: the user signs in and consents. */
export function signInPage(action = '') {
  return `<!doctype html><title>Sign in</title>
<form method="post" action="${action.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}">
<label>E-mail <input type="email" name="email"></label>
<label>Password <input type="password" name="password"></label>
<button>Sign in and allow</button>
</form>`
}
