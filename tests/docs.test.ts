import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Hono } from 'hono'
import { expect, it } from 'vitest'
import type { Environment } from '../packages/server/src/http/environment.ts'
import { addRoutes } from '../packages/server/src/routes/routes.ts'
import { readBlocks } from './support/fenced-blocks.ts'
import { renderReferencePages } from './support/reference-pages.ts'
import { REPOSITORY, temporaryFolder } from './support/sandbox-process.ts'

const page = (path: string) => readFileSync(join(REPOSITORY, 'docs', path), 'utf8')

it.each(Object.entries(renderReferencePages()))(
  'docs/reference/%s is what the program says (npm run docs:reference)',
  (name, text) => {
    expect(page(`reference/${name}`)).toBe(text)
  },
)

it('docs/reference/http.md names every route', () => {
  const app = new Hono<Environment>()
  addRoutes(app, '')
  const paths = new Set(app.routes.map(({ path }) => path))
  const documented = page('reference/http.md')
  const isDocumented = (path: string) =>
    documented.includes(path) || (/^\/assets\/[^/]+\.(css|js)$/.test(path) && documented.includes('`/assets/`'))
  expect([...paths].filter(path => !path.includes('*') && !isDocumented(path))).toEqual([])
})

it('docs/reference/errors.md names every OAuth error code that the server answers', () => {
  const source = join(REPOSITORY, 'packages/server/src')
  const codes = new Set(
    readdirSync(source, { recursive: true, encoding: 'utf8' })
      .filter(path => path.endsWith('.ts') && !path.endsWith('.test.ts'))
      .flatMap(path => [
        ...readFileSync(join(source, path), 'utf8').matchAll(/(?:OAuthError\(|AuthorizationError\(\s*\w+,)\s*'(\w+)'/g),
      ])
      .map(([, code]) => code!),
  )
  expect(codes.size).toBeGreaterThan(8)
  const documented = page('reference/errors.md')
  expect([...codes].filter(code => !documented.includes(`\`${code}\``))).toEqual([])
})

it('the JavaScript of docs/library.md runs as written', async () => {
  const blocks = readBlocks('docs/library.md').filter(({ language }) => language === 'js')
  expect(blocks.length).toBe(2)
  const folder = temporaryFolder()
  const program = join(folder.path, 'library.mjs')
  const source = blocks
    .map(({ code }) => code)
    .join('\n')
    .replace("'./data/tenantry.db'", "':memory:'")
    .replace('.listen(4040,', '.listen(0,')
    .replace(/from '([^':]+)'/g, (_, name: string) => `from '${import.meta.resolve(name)}'`)
  writeFileSync(program, `${source}\nconsole.log(app.name, clientSecret.slice(0, 7))\nprocess.exit(0)\n`)
  const { stdout, stderr } = spawnSync(process.execPath, ['--conditions=@tenantry/source', program], {
    encoding: 'utf8',
    env: { ...process.env, TENANTRY_SECRETS: 'x'.repeat(32) },
  })
  folder.remove()
  expect({ stdout, stderr }).toEqual({ stdout: 'Field Notes tny_cs_\n', stderr: '' })
})

it('docs/apps.md names every field of GET /users/me', () => {
  const { data } = JSON.parse(readFileSync(join(REPOSITORY, 'tests/fixtures/users-me.json'), 'utf8'))
  const documented = page('apps.md')
  expect(Object.keys(data).length).toBeGreaterThan(20)
  expect(Object.keys(data).filter(field => !documented.includes(`\`${field}\``))).toEqual([])
})
