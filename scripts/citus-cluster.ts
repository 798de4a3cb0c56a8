import { parseArgs } from 'node:util'
import { hasCitus, startCitusCluster } from '../tests/support/citus-cluster.ts'

// A Citus cluster on loopback to try things on, until it is stopped: npm run citus -- --workers 2
const { values } = parseArgs({ options: { workers: { type: 'string', default: '2' } } })
const workers = Number(values.workers)

if (!hasCitus()) {
  console.error(`Citus is not installed for the PostgreSQL here. Install Citus 13 for PostgreSQL 15 or newer: its own
packages, or its source, configured with the pg_config of that PostgreSQL (Debian: postgresql-server-dev-15).`)
  process.exitCode = 1
} else if (!Number.isInteger(workers) || workers < 1) {
  console.error('--workers must be a number from 1 on.')
  process.exitCode = 1
} else {
  console.log(`Starting a coordinator and ${workers} workers …`)
  const cluster = await startCitusCluster(workers)
  console.log(`
  The coordinator is at ${cluster.url}; stop them all with Ctrl-C.

  Lay the tables out:  npx tenantry migrate --distribute --database '${cluster.url}'
  Run the suite:       TENANTRY_TEST_CITUS_URL='${cluster.url}' npm test -- --project 'on PostgreSQL'
`)
  const rest = setInterval(() => {}, 60_000)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      clearInterval(rest)
      cluster.remove()
    })
  }
}
