const notFound = () => new Response('Not found', { status: 404 })

// The middleware handles the routes of Evertoken. React Router runs it only for routes that exist.
export { notFound as action, notFound as loader }
