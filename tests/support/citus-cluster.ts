import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { findPostgres, makePostgresServer, type PostgresServer } from './postgres-server.ts'

const SETTINGS = [
  'shared_preload_libraries=citus',
  // The servers trust each other on loopback, without certificates.
  'citus.node_conninfo=sslmode=disable',
  // Pieces are moved by logical replication, while they are written to.
  'wal_level=logical',
  'max_prepared_transactions=400',
  'max_worker_processes=32',
  'max_replication_slots=32',
  'max_wal_senders=32',
  'max_logical_replication_workers=16',
  'max_sync_workers_per_subscription=2',
  'citus.max_cached_conns_per_worker=2',
]

/** A Citus cluster on loopback: a coordinator, and workers that can be killed and added. */
export interface CitusCluster {
  /** Of the coordinator. */
  readonly url: string
  readonly workers: readonly PostgresServer[]
  addWorker(): Promise<PostgresServer>
  /** Runs SQL on the coordinator. */
  query(sql: string): Promise<Record<string, unknown>[]>
  remove(): void
}

/** Whether Citus is installed for the PostgreSQL that is found. */
export function hasCitus(): boolean {
  const binaries = findPostgres()
  if (!binaries) return false
  const { stdout } = spawnSync(join(binaries, 'pg_config'), ['--sharedir'], { encoding: 'utf8' })
  return existsSync(join((stdout ?? '').trim(), 'extension', 'citus.control'))
}

export async function startCitusCluster(workerCount: number, settings: string[] = []): Promise<CitusCluster> {
  const coordinator = await startNode(settings)
  await run(coordinator.url, `SELECT citus_set_coordinator_host('127.0.0.1', ${coordinator.port})`)
  const workers: PostgresServer[] = []
  const addWorker = async () => {
    const worker = await startNode(settings)
    await run(coordinator.url, `SELECT citus_add_node('127.0.0.1', ${worker.port})`)
    workers.push(worker)
    return worker
  }
  for (let index = 0; index < workerCount; index++) await addWorker()
  return {
    url: coordinator.url,
    workers,
    addWorker,
    query: sql => run(coordinator.url, sql),
    remove() {
      for (const server of [coordinator, ...workers]) server.remove()
    },
  }
}

async function startNode(settings: string[]): Promise<PostgresServer> {
  const server = (await makePostgresServer([...SETTINGS, ...settings]))!
  await run(server.url, 'CREATE EXTENSION citus')
  return server
}

async function run(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}
