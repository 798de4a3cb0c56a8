import { once } from 'node:events'
import type { Fetch } from '../support/client.ts'
import { lastingPort, type RunningSandbox, startSandbox } from '../support/sandbox-process.ts'

/** Several processes on one database, as behind a balancer that deals requests out at random. */
export class Nodes {
  readonly #database: string
  readonly #ports: string[]
  readonly #running: (RunningSandbox | undefined)[]
  kills = 0

  private constructor(database: string, ports: string[], running: RunningSandbox[]) {
    this.#database = database
    this.#ports = ports
    this.#running = running
  }

  static async start(count: number, database: string): Promise<Nodes> {
    const ports = await Promise.all(Array.from({ length: count }, lastingPort))
    const first = await Nodes.#startOne(database, ports[0]!, [])
    const others = await Promise.all(ports.slice(1).map(port => Nodes.#startOne(database, port, ['--no-seed'])))
    return new Nodes(database, ports, [first, ...others])
  }

  static #startOne(database: string, port: string, more: string[]) {
    const flags = ['--database', database, '--origin', 'http://localhost:4040', '--log-level', 'error']
    return startSandbox([...flags, '--port', port, ...more])
  }

  /**
   * Any node that takes the connection. A request that a node had begun to read is not sent again: what became of it is
   * not known.
   */
  readonly fetch: Fetch = async (path, init) => {
    for (let tries = 0; ; tries++) {
      const port = this.#ports[Math.floor(Math.random() * this.#ports.length)]
      try {
        return await fetch(new URL(path, `http://127.0.0.1:${port}`), init)
      } catch (error) {
        const { code } = (error as { cause?: { code?: string } }).cause ?? {}
        if (code !== 'ECONNREFUSED' || tries > 50) throw error
        await new Promise(resolve => setTimeout(resolve, 10))
      }
    }
  }

  /** Kills one without warning, and starts it again; the next one is another. */
  async killOne() {
    const index = this.kills++ % this.#ports.length
    const node = this.#running[index]
    if (!node) return
    this.#running[index] = undefined
    const ended = once(node.process, 'exit')
    node.process.kill('SIGKILL')
    await ended
    for (;;) {
      try {
        this.#running[index] = await Nodes.#startOne(this.#database, this.#ports[index]!, ['--no-seed'])
        return
      } catch {
        // The database may be away at this moment; a supervisor would try again too.
      }
    }
  }

  /** What they wrote to their logs that is a fault. */
  logs(): string[] {
    return this.#running.flatMap(node => node?.log().split('\n').filter(Boolean) ?? [])
  }

  async stop() {
    await Promise.all(this.#running.map(node => node?.stop()))
  }
}
