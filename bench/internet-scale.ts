import { type Cluster, type Costs, simulate } from './simulate.ts'

/** What was measured, in seconds of processor time and bytes. */
export interface Measurements {
  costs: Costs
  refreshing: { server: number; database: number; walBytes: number }
  /** Of a row with its share of the indexes, by table. */
  sizes: Readonly<Record<string, number>>
}

/** What is assumed of a platform that has the whole internet as its users. */
export const ASSUMED = {
  users: 100_000_000,
  companiesOfUser: 1.2,
  liveTokens: 1_000_000_000,
  /** Requests to `/users/me` of a live token in a day, on average. */
  requestsADay: 10,
  /** Refreshes of a live grant in a day, on average: most apps are not used hourly. */
  refreshesADay: 1,
  /** Days for which a refresh token that was used is kept, so that its reuse is noticed. */
  daysKept: 60,
  /** The busiest hour, beside the average one. */
  peak: 3,
  coresOfMachine: 16,
  memoryOfMachine: 128e9,
  /** How busy machines may be at the peak, so that the loss of one is carried by the others. */
  busyAtMost: 0.6,
  /** Seconds from one machine to another and back. */
  network: 300e-6,
}

/** Nodes, disks and connections that follow from what was measured, as a text. */
export function extrapolate({ costs, refreshing, sizes }: Measurements): string {
  const { users, liveTokens, requestsADay, refreshesADay, daysKept, peak, coresOfMachine, busyAtMost } = ASSUMED
  const day = 24 * 3600
  const requests = (liveTokens * requestsADay * peak) / day
  const refreshes = (liveTokens * refreshesADay * peak) / day
  const memberships = users * ASSUMED.companiesOfUser
  const rows: Record<string, number> = {
    access_tokens: liveTokens,
    refresh_tokens: liveTokens * (1 + refreshesADay * daysKept),
    installations: liveTokens,
    memberships,
    users,
    user_companies: memberships,
    sign_in_emails: users,
  }
  const bytes = Object.entries(rows).map(([table, count]) => [table, count * sizes[table]!] as const)
  const total = bytes.reduce((sum, [, each]) => sum + each, 0)
  const cell = simulateCell(costs)
  const perRequest = costs.server + costs.serverQuery / cell.inQuery
  const perRow = costs.row + costs.query / cell.inQuery
  const serverCores = (requests * perRequest + refreshes * refreshing.server) / busyAtMost
  const databaseCores = (requests * perRow + refreshes * refreshing.database) / busyAtMost
  const hot = rows.access_tokens! * sizes.access_tokens! + memberships * sizes.memberships!
  const workers = Math.max(Math.ceil(databaseCores / coresOfMachine), Math.ceil(hot / (0.6 * ASSUMED.memoryOfMachine)))
  const servers = Math.ceil(serverCores)
  const connections = servers * 11
  const wal = refreshes * refreshing.walBytes
  const lines = [
    `At the peak: ${whole(requests)} requests to /users/me and ${whole(refreshes)} refreshes a second.`,
    `Rows: ${bytes.map(([table, each]) => `${table} ${tera(each)}`).join(', ')}; together ${tera(total)}.`,
    `Server processes: ${servers}, a core each (${Math.ceil(servers / coresOfMachine)} machines of ${coresOfMachine} cores).`,
    `Database cores: ${Math.ceil(databaseCores)}; machines: ${workers}, so that live access tokens and memberships (${tera(hot)}) stay in memory.`,
    `Disk for each, twice for what a rebalance needs: ${tera((2 * total) / workers)}. WAL at the peak: ${(wal / workers / 1e6).toFixed(1)} MB a second each.`,
    `Connections to the database: ${connections} in all; through a pooler ${whole(connections / workers)} for each machine.`,
    `A database machine that is lost: its 1/${workers} of the companies answers 503 until its standby takes over; the other ${workers - 1} do not notice.`,
    `A server machine that is lost: the others go from ${percent(busyAtMost)} to ${percent((busyAtMost * Math.ceil(servers / coresOfMachine)) / (Math.ceil(servers / coresOfMachine) - 1))} busy.`,
    `A company with a million members and ten live tokens each, moved: ${tera(1e7 * (sizes.access_tokens! + sizes.refresh_tokens! * (1 + refreshesADay * daysKept)))}, ${((1e7 * (sizes.access_tokens! + sizes.refresh_tokens! * (1 + refreshesADay * daysKept))) / 100e6 / 60).toFixed()} minutes at 100 MB a second, answered meanwhile.`,
    '',
    `Simulated: a cell of ${cell.servers} servers and ${cell.databases} database machines with ${cell.network * 1e6} µs between them, 64 requests under way at each server:`,
    `${whole(cell.perSecond)} a second, ${whole(cell.perSecond / cell.servers)} for each server; median ${(cell.p50 * 1e3).toFixed(2)} ms, p99 ${(cell.p99 * 1e3).toFixed(2)} ms, ${cell.inQuery.toFixed(1)} tokens in a query; servers ${percent(cell.serverBusy)}, databases ${percent(cell.databaseBusy)} busy.`,
  ]
  return lines.join('\n')
}

/** A part of such a cluster: what is true of it is true of as many of them as there are. */
function simulateCell(measured: Costs) {
  const [servers, databases, network] = [16, 2, ASSUMED.network]
  const cores = ASSUMED.coresOfMachine
  const cluster: Cluster = {
    servers,
    databases,
    serverCore: server => server,
    databaseCore: (database, query) => servers + database * cores + (query % cores),
    // Clients are elsewhere.
    clientCore: -1,
    mostInQuery: 500,
  }
  const outcome = simulate({ ...measured, client: 0, network }, cluster, { connections: 64 * servers, seconds: 1 })
  const busyOf = (from: number, to: number) => {
    const shares = Array.from({ length: to - from }, (_, index) => outcome.busy.get(from + index) ?? 0)
    return shares.reduce((sum, each) => sum + each, 0) / shares.length
  }
  return {
    ...outcome,
    ...{ servers, databases, network },
    serverBusy: busyOf(0, servers),
    databaseBusy: busyOf(servers, servers + databases * cores),
  }
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en')
}

function tera(bytes: number): string {
  return bytes < 1e12 ? `${(bytes / 1e9).toFixed()} GB` : `${(bytes / 1e12).toFixed(1)} TB`
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`
}
