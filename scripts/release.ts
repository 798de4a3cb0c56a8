import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { REPOSITORY } from '../tests/support/sandbox-process.ts'

const USAGE = `npm run release -- [--check]

Makes a release on this machine: checks the work tree and the tests, sets the versions from the changesets, moves their texts into
CHANGELOG.md, commits and tags, and packs both packages with an SBOM each into release/. It publishes nothing: push the tag and publish
the tarballs when you have looked at them.

  --check   say what a release would do, and change nothing`

const { values } = parseArgs({ options: { check: { type: 'boolean' }, help: { type: 'boolean' } } })
if (values.help) console.log(USAGE)
else process.exitCode = release(values.check ?? false)

function release(isCheck: boolean): number {
  const changes = readChangesets()
  if (changes.length === 0)
    return fail('There are no changesets: nothing to release. Add one with `npm run changeset`.')
  console.log(`Changes:\n${changes.map(text => `- ${text}`).join('\n')}`)
  const changed = git('status', '--porcelain')
  if (changed !== '') return fail(`The work tree has changes that are not committed:\n${changed}`)
  if (git('branch', '--show-current') !== 'main') return fail('Releases are made from main.')
  if (isCheck) return 0
  if (spawnSync('bash', ['.ci/run'], { cwd: REPOSITORY, stdio: 'inherit' }).status !== 0) {
    return fail('.ci/run failed. Nothing was changed.')
  }
  run(process.execPath, 'node_modules/@changesets/cli/bin.js', 'version')
  run('npm', 'install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund')
  const { version } = JSON.parse(readFileSync(join(REPOSITORY, 'packages/server/package.json'), 'utf8'))
  writeChangelog(version, changes)
  git('add', '--all')
  git('commit', '--message', `Release ${version}`)
  git('tag', '--annotate', `v${version}`, '--message', `Tenantry ${version}`)
  pack()
  console.log(`\nTagged v${version}. Look at release/, then push the tag and publish the tarballs.`)
  return 0
}

/** The texts of the changesets, without their front matter. */
function readChangesets(): string[] {
  const folder = join(REPOSITORY, '.changeset')
  return readdirSync(folder)
    .filter(name => name.endsWith('.md') && name !== 'README.md')
    .map(name =>
      readFileSync(join(folder, name), 'utf8')
        .replace(/^---\n[\s\S]*?\n---\n/, '')
        .trim(),
    )
    .filter(text => text !== '')
}

function writeChangelog(version: string, changes: readonly string[]) {
  const path = join(REPOSITORY, 'CHANGELOG.md')
  const [title, ...lines] = readFileSync(path, 'utf8').split('\n')
  // What was written before the first release belongs to it.
  const rest = lines.filter(line => !/^## .*\(unreleased\)$/.test(line))
  const today = new Date().toISOString().slice(0, 10)
  const entry = [`## ${version} (${today})`, '', ...changes.map(text => `- ${text.replaceAll('\n', '\n  ')}`)]
  writeFileSync(path, [title, '', ...entry, ...rest].join('\n'))
}

function pack() {
  const folder = join(REPOSITORY, 'release')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  run(
    'npm',
    'pack',
    '--workspace',
    'tenantry',
    '--workspace',
    '@tenantry/connect',
    '--workspace',
    '@tenantry/admin',
    '--workspace',
    '@tenantry/resource',
    '--pack-destination',
    folder,
  )
  for (const [workspace, name] of [
    ['tenantry', 'tenantry'],
    ['@tenantry/connect', 'tenantry-connect'],
    ['@tenantry/admin', 'tenantry-admin'],
    ['@tenantry/resource', 'tenantry-resource'],
  ] as const) {
    writeFileSync(join(folder, `${name}.cdx.json`), sbom(workspace))
  }
}

function sbom(workspace: string): string {
  const args = ['sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev', '--workspace', workspace]
  return execFileSync('npm', args, { cwd: REPOSITORY, encoding: 'utf8', maxBuffer: 1e8 })
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: REPOSITORY, encoding: 'utf8' }).trim()
}

function run(command: string, ...args: string[]) {
  execFileSync(command, args, { cwd: REPOSITORY, stdio: 'inherit' })
}

function fail(reason: string): number {
  console.error(reason)
  return 1
}
