import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'

/** A way to a server that can be cut, as a network is: what is sent then is lost without an error. */
export interface CutProxy {
  readonly port: number
  /** Nothing passes any more on the connections that there are; new ones are not taken up. */
  cut(): void
  /** New connections pass again; the ones from before stay dead. */
  mend(): void
  /** New connections go to another server, as a name that follows the primary does; those from before are cut. */
  leadTo(port: number): void
  close(): void
}

export async function startCutProxy(port: number): Promise<CutProxy> {
  let target = port
  const passing = new Set<Socket>()
  const all = new Set<Socket>()
  let isCut = false
  const server = createServer(client => {
    all.add(client)
    client.on('error', () => {})
    if (isCut) return client.pause()
    const upstream = connect(target, '127.0.0.1')
    upstream.on('error', () => client.destroy())
    client.pipe(upstream).pipe(client)
    for (const socket of [client, upstream]) {
      all.add(socket)
      passing.add(socket)
      socket.on('close', () => passing.delete(socket))
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      isCut = true
      for (const socket of passing) {
        socket.unpipe()
        socket.pause()
      }
      passing.clear()
    },
    mend() {
      isCut = false
    },
    leadTo(other) {
      target = other
      for (const socket of all) socket.destroy()
    },
    close() {
      for (const socket of all) socket.destroy()
      server.close()
    },
  }
}
