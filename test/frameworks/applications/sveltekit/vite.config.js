import adapter from '@sveltejs/adapter-node'
import { sveltekit } from '@sveltejs/kit/vite'

// Without its origin, SvelteKit assumes https and refuses forms.
const paths = { origin: process.env.APP_URL }
export default { plugins: [sveltekit({ adapter: adapter(), paths })] }
