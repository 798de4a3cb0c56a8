import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { provider, useProvider } from '../../../../tests/support/provider-of-test.ts'
import { REPOSITORY } from '../../../../tests/support/sandbox-process.ts'

useProvider()

it('the dashboard and the documentation name metrics that exist, and the documentation all of them', () => {
  const known = provider.runtime.metrics.all().map(({ name }) => name)
  const named = (path: string) => {
    const text = readFileSync(`${REPOSITORY}/${path}`, 'utf8')
    return new Set([...text.matchAll(/tenantry_[a-z_]+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, '')))
  }
  const dashboard = named('deploy/grafana/tenantry.json')
  expect(dashboard.size).toBeGreaterThan(8)
  expect([...dashboard].filter(name => !known.includes(name))).toEqual([])
  const documented = named('docs/operations/metrics.md')
  expect([...documented].toSorted()).toEqual(known.toSorted())
})
