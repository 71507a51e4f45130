// Sends a request with a certificate, and prints the response. The arguments are a package, a URL and JSON with the
// certificate.
const [name, url, identity] = process.argv.slice(2)
try {
  const { createMtlsFetch } = await import(`../../packages/${name}/src/mtls.ts`)
  const fetch = createMtlsFetch(JSON.parse(identity))
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams({ a: 'b' }) })
  console.log(response.status, await response.text())
} catch (error) {
  console.log(String(error))
}
