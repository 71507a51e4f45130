import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A network path between a primary and its replica. */
export interface Link {
  /** The replica connects to this port. */
  readonly port: number
  /** From here on, the primary's data do not arrive, as when a network or a replica is too slow. */
  cut(): void
  close(): void
}

export async function createLink(primaryPort: number): Promise<Link> {
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((replica) => {
    const primary = connect(primaryPort, '127.0.0.1')
    replica.pipe(primary)
    primary.on('data', (data) => {
      if (!isCut) replica.write(data)
    })
    for (const [socket, other] of [
      [replica, primary],
      [primary, replica],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => void (isCut = true),
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
