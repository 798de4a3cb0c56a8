/** What a request costs in a cluster, in seconds of processor time unless it says otherwise. */
export interface Costs {
  /** Of a server process for each request. */
  server: number
  /** Of a server process for each query that it sends. */
  serverQuery: number
  /** Of a database machine for each query, whatever it asks for. */
  query: number
  /** Of a database machine for each token that is looked up. */
  row: number
  /** Of a client for each request: of the load generator, where it shares a core. */
  client: number
  /** Seconds from a server to a database and back, without any work. */
  network: number
}

/** Where the parts of a cluster run. */
export interface Cluster {
  servers: number
  databases: number
  /** The core of each part, as an index: parts with the same index share it. */
  serverCore(server: number): number
  databaseCore(database: number, query: number): number
  clientCore: number
  /** Tokens that one query asks for at most. */
  mostInQuery: number
}

export interface Load {
  /** Requests that are under way at once, spread over the servers. */
  connections: number
  /** Simulated seconds. */
  seconds: number
  /** A number that decides the dice. */
  seed?: number
}

export interface Outcome {
  perSecond: number
  /** Median and 99th percentile, in seconds. */
  p50: number
  p99: number
  /** Tokens of a query, on average. */
  inQuery: number
  /** The share of the time for which each core was busy, by its index. */
  busy: ReadonlyMap<number, number>
}

interface Request {
  begun: number
}

/** Events in the order of their times: a binary heap. */
class Agenda {
  readonly #events: { at: number; run: () => void }[] = []

  add(at: number, run: () => void) {
    const events = this.#events
    let index = events.push({ at, run }) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (events[parent]!.at <= at) break
      events[index] = events[parent]!
      index = parent
    }
    events[index] = { at, run }
  }

  next(): { at: number; run: () => void } | undefined {
    const events = this.#events
    const [first] = events
    const last = events.pop()
    if (!first || !last || events.length === 0) return first
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= events.length) break
      if (child + 1 < events.length && events[child + 1]!.at < events[child]!.at) child += 1
      if (events[child]!.at >= last.at) break
      events[index] = events[child]!
      index = child
    }
    events[index] = last
    return first
  }
}

/** Work for a core, done one after the other in the order in which it comes. */
class Core {
  freeAt = 0
  busy = 0
}

/**
 * A discrete simulation of look-ups of tokens: clients that ask again when they are answered, server processes that gather what
 * arrives while a query is under way, and databases that answer query by query. Tokens are spread evenly over the databases.
 */
export function simulate(costs: Costs, cluster: Cluster, load: Load): Outcome {
  const agenda = new Agenda()
  const cores = new Map<number, Core>()
  const times: number[] = []
  let [now, queries, rows] = [0, 0, 0]
  const random = dice(load.seed ?? 1)

  const coreOf = (index: number) => {
    const core = cores.get(index) ?? new Core()
    cores.set(index, core)
    return core
  }
  /** Runs `then` once a core has worked for so long. @param pieces that it is made of, each of which may take longer or shorter */
  const work = (index: number, seconds: number, then: () => void, pieces = 1) => {
    const core = coreOf(index)
    // Services differ; on average they take what was measured.
    const length = seconds * (1 + (random() - 0.5) / Math.sqrt(pieces))
    core.freeAt = Math.max(core.freeAt, now) + length
    core.busy += length
    agenda.add(core.freeAt, then)
  }

  const servers = Array.from({ length: cluster.servers }, (_, server) => ({
    core: cluster.serverCore(server),
    links: Array.from({ length: cluster.databases }, () => ({ waiting: [] as Request[], isAsking: false })),
  }))

  const send = (server: (typeof servers)[number], request: Request) => {
    work(cluster.clientCore, costs.client, () => arrive(server, request))
  }
  const arrive = (server: (typeof servers)[number], request: Request) => {
    // Half of its work comes before the look-up, half after it.
    work(server.core, costs.server / 2, () => {
      const database = Math.floor(random() * cluster.databases)
      server.links[database]!.waiting.push(request)
      ask(server, database)
    })
  }
  const ask = (server: (typeof servers)[number], database: number) => {
    const link = server.links[database]!
    if (link.isAsking || link.waiting.length === 0) return
    link.isAsking = true
    const asked = link.waiting.splice(0, cluster.mostInQuery)
    queries += 1
    rows += asked.length
    const core = cluster.databaseCore(database, queries)
    const returned = () => {
      link.isAsking = false
      for (const request of asked) work(server.core, costs.server / 2, () => answer(server, request))
      ask(server, database)
    }
    const received = () =>
      work(
        core,
        costs.query + costs.row * asked.length,
        () => agenda.add(now + costs.network / 2, returned),
        asked.length,
      )
    work(server.core, costs.serverQuery, () => agenda.add(now + costs.network / 2, received))
  }
  const answer = (server: (typeof servers)[number], request: Request) => {
    times.push(now - request.begun)
    send(server, { begun: now })
  }

  for (let index = 0; index < load.connections; index++) send(servers[index % servers.length]!, { begun: 0 })
  for (;;) {
    const event = agenda.next()
    if (!event || event.at > load.seconds) break
    now = event.at
    event.run()
  }
  // What the first requests found was an empty cluster.
  const settled = times.slice(Math.floor(times.length / 10)).sort((a, b) => a - b)
  const at = (part: number) => settled[Math.min(settled.length - 1, Math.floor(settled.length * part))] ?? 0
  return {
    perSecond: times.length / load.seconds,
    p50: at(0.5),
    p99: at(0.99),
    inQuery: rows / Math.max(1, queries),
    // Without what is still to be done at the end.
    busy: new Map(
      [...cores].map(([index, { busy, freeAt }]) => [
        index,
        (busy - Math.max(0, freeAt - load.seconds)) / load.seconds,
      ]),
    ),
  }
}

/** Numbers from 0 to 1 that are the same in each run (a linear congruential generator, modulus 2^32). */
function dice(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
