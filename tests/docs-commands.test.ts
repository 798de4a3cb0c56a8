import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { Command } from 'commander'
import { afterAll, expect, it } from 'vitest'
import { createProgram } from '../packages/server/src/cli/commands.ts'
import { readBlocks } from './support/fenced-blocks.ts'
import { REPOSITORY, runCommand, temporaryFolder } from './support/sandbox-process.ts'

/** A line of a fenced block that calls `tenantry`, without its comment and its environment. */
interface CommandLine {
  place: string
  words: string[]
}

const pages = execFileSync('git', ['ls-files', 'docs/*.md', 'README.md', 'packages/*/README.md'], {
  cwd: REPOSITORY,
  encoding: 'utf8',
})
  .trim()
  .split('\n')
  .filter(page => !page.startsWith('docs/reference/'))

const readCommands = (page: string): CommandLine[] =>
  readBlocks(page)
    .flatMap(({ code }) => code.split('\n'))
    .map(line => /^(?:[A-Z_]+=\S+ )*(?:npx )?tenantry ([^#<]+)/.exec(line)?.[1])
    .filter(line => line !== undefined)
    .map(line => ({
      place: `${page}: tenantry ${line.trim()}`,
      words: (line.match(/'[^']*'|\S+/g) ?? []).map(word => word.replace(/^'|'$/g, '')),
    }))

const commands = pages.flatMap(readCommands)

function findCommand(words: string[]): { command: Command; rest: string[] } | undefined {
  let command: Command = createProgram()
  const rest = [...words]
  while (command.commands.length > 0) {
    const next = command.commands.find(each => each.name() === rest[0])
    if (!next) return undefined
    command = next
    rest.shift()
  }
  return { command, rest }
}

const folder = temporaryFolder()
afterAll(() => folder.remove())

it('the documentation names commands and options that exist', () => {
  expect(commands.length).toBeGreaterThan(20)
  const unknown = commands.filter(({ words }) => {
    const found = findCommand(words)
    const flags = found?.rest.filter(word => word.startsWith('--')) ?? []
    return !found || flags.some(flag => !found.command.options.some(({ long }) => long === flag))
  })
  expect(unknown.map(({ place }) => place)).toEqual([])
})

it('the commands of administration in docs/operations run as written, one after the other', async () => {
  const data = ['--data', join(folder.path, 'data')]
  expect((await runCommand(['migrate', ...data])).code).toBe(0)
  const administration = /^(company|user|member|app|installation) /
  const tour = readCommands('docs/operations/README.md').filter(({ words }) => administration.test(words.join(' ')))
  expect(tour.length).toBeGreaterThan(10)
  let clientId = ''
  for (const { place, words } of tour) {
    const args = words.map(word => (word === 'CLIENT_ID' ? clientId : word))
    const { code, stdout, stderr } = await runCommand([...args, ...data, '--json'], {
      input: 'shaken-not-stirred\n',
      environment: { TENANTRY_SECRETS: 'a secret of the tests that is long enough' },
    })
    expect({ place, code, stderr }).toEqual({ place, code: 0, stderr: '' })
    if (words[0] === 'app' && words[1] === 'create') clientId = JSON.parse(stdout).client_id
  }
})
