import { createMemoryStore } from '@evertoken/core'
import { createManualClock } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { createMcpWorld, ISSUER, MCP, type McpWorld, standardAnswers } from './world.ts'

const tokenOf = async ({ connections }: McpWorld) =>
  (await connections.get('ada', `mcp:${MCP}`).getAccessToken())?.value

describe('another process', () => {
  it('uses the new client of a connection at once', async () => {
    const [store, clock, answers] = [createMemoryStore(), createManualClock(), standardAnswers()]
    let clientId = 'first'
    const metadata = { authorization_endpoint: `${ISSUER}/authorize`, token_endpoint: `${ISSUER}/token` }
    const server = { issuer: ISSUER, metadata }
    const provider = () => ({ server, clientId, clientSecret: 'secret', scope: 'read' })
    const a = createMcpWorld({}, { store, clock, answers, provider })
    const b = createMcpWorld({}, { store, clock, answers, provider })
    await a.connect()
    expect(await tokenOf(b)).toBe('token-1')
    clientId = 'second'
    await a.connect()
    expect(await tokenOf(b)).toBeDefined()
    clientId = 'third'
    const { outcome } = await a.connect(undefined, b)
    expect(outcome).toBe('connected')
    expect(await tokenOf(b)).toBeDefined()
  })
})
