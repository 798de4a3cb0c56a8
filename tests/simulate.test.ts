import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Cluster, type Costs, simulate } from '../bench/simulate.ts'

const NOTHING: Costs = { server: 0, serverQuery: 0, query: 0, row: 0, client: 0, network: 0 }

/** Each part on a core of its own. */
function apart(servers: number, databases: number): Cluster {
  return {
    servers,
    databases,
    serverCore: server => server,
    databaseCore: database => servers + database,
    clientCore: servers + databases,
    mostInQuery: 1000,
  }
}

const cost = fc.integer({ min: 1, max: 500 }).map(microseconds => microseconds * 1e-6)

it('the simulation never serves more than its busiest core can do, and no less than if its parts took turns', () => {
  fc.assert(
    fc.property(cost, cost, fc.integer({ min: 1, max: 4 }), (server, row, servers) => {
      const costs = { ...NOTHING, server, row }
      const limit = Math.min(servers / server, 1 / row)
      const inTurns = 1 / (server / servers + row)
      const { perSecond, busy } = simulate(costs, apart(servers, 1), { connections: 200, seconds: 5000 / limit })
      for (const share of busy.values()) expect(share).toBeLessThan(1.05)
      return perSecond < 1.05 * limit && perSecond > 0.8 * inTurns
    }),
    { numRuns: 30 },
  )
})

it('the simulation gathers what arrives while a query is under way, so that a slow network costs no throughput', () => {
  const costs = { ...NOTHING, server: 20e-6, query: 100e-6, row: 5e-6, network: 1e-3 }
  const far = simulate(costs, apart(2, 1), { connections: 400, seconds: 3 })
  expect(far.inQuery).toBeGreaterThan(20)
  expect(far.p50).toBeGreaterThan(costs.network)
  const one = simulate(costs, apart(2, 1), { connections: 1, seconds: 3 })
  expect(one.inQuery).toBe(1)
  // The way there and back, and the work.
  expect(1 / one.perSecond).toBeGreaterThan(costs.network)
  expect(1 / one.perSecond).toBeLessThan(costs.network + 2 * (costs.server + costs.query + costs.row))
})

it('the simulation gives the same figures for the same seed', () => {
  const costs = { server: 20e-6, serverQuery: 10e-6, query: 50e-6, row: 5e-6, client: 5e-6, network: 2e-4 }
  const run = (seed: number) => simulate(costs, apart(3, 2), { connections: 64, seconds: 1, seed })
  expect(run(7)).toEqual(run(7))
  expect(run(7).perSecond).not.toBe(run(8).perSecond)
})
