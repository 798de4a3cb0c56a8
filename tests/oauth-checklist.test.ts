import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { checklist } from './support/oauth-checklist.ts'
import { REPOSITORY } from './support/sandbox-process.ts'

const page = readFileSync(join(REPOSITORY, 'docs/security/oauth-checklist.md'), 'utf8')
const ids = checklist.flatMap(({ lines }) => lines.map(({ id }) => id))

const testedIds = new Set(
  ['packages', 'tests'].flatMap(folder =>
    readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: 'utf8' })
      .filter(path => path.endsWith('.test.ts') && !path.includes('node_modules'))
      .flatMap(path => idsInTestNames(readFileSync(join(REPOSITORY, folder, path), 'utf8'))),
  ),
)

it('every id that a test names is on the OAuth checklist', () => {
  expect([...testedIds].filter(id => !ids.includes(id))).toEqual([])
})

it('the page of the OAuth checklist says of each id whether tests guard it (npm run checklist writes it)', () => {
  const states = ids.map(id => [id, new RegExp(`^\\| ${id} \\|.*\\| (.*) \\|$`, 'm').exec(page)?.[1]] as const)
  expect(states.filter(([id, state]) => testedIds.has(id) !== /^\d+ tests?$/.test(state ?? ''))).toEqual([])
})

function idsInTestNames(source: string): string[] {
  const names = source.match(/['"`]\[OA-[^\n]*/g) ?? []
  return names.flatMap(name => name.match(/\bOA-\d+(?=\])/g) ?? [])
}
