import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Hono } from 'hono'
import { expect, it } from 'vitest'
import type { Environment } from '../packages/server/src/http/environment.ts'
import { addRoutes } from '../packages/server/src/routes/routes.ts'
import { renderReferencePages } from './support/reference-pages.ts'
import { REPOSITORY } from './support/sandbox-process.ts'

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
    documented.includes(path) || (path.endsWith('.css') && documented.includes('stylesheet'))
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
