import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

interface Package {
  name: string
  /** The modules of each layer, top layer first. A module is a file or folder of `src`; it imports only from layers below. */
  layers: string[][]
  /** One import that exists, and how many there are at least: proof that imports are found. */
  known: { from: string; to: string }
  fewest: number
}

const packages: Package[] = [
  {
    name: 'server',
    layers: [
      ['index.ts'],
      ['cli'],
      ['sandbox', 'load'],
      ['server.ts'],
      ['runtime-jobs.ts'],
      ['jobs.ts', 'gauges.ts', 'maintain-keys.ts', 'node-server'],
      ['routes'],
      ['console'],
      ['admin-api'],
      ['users-api'],
      ['users-me'],
      ['oauth'],
      ['openid'],
      ['sign-in'],
      ['apps'],
      ['resource-servers'],
      ['mail'],
      ['companies'],
      ['tokens', 'settings'],
      ['audit'],
      ['pages'],
      ['rate-limits'],
      ['http'],
      ['config'],
      ['metrics', 'transfer'],
      ['store/queries'],
      ['store/sqlite', 'store/postgres'],
      ['store/migrations'],
      ['store'],
      ['tracing'],
    ],
    known: { from: 'routes/api.ts', to: 'users-me/users-me.ts' },
    fewest: 600,
  },
  {
    name: 'connect',
    layers: [
      ['index.ts'],
      ['cli', 'testing'],
      ['adapters'],
      ['connect.ts'],
      ['handler.ts'],
      ['uninstall'],
      ['install'],
      ['links'],
      ['tokens'],
      ['options.ts'],
      ['install-answer.ts'],
      ['pages'],
      ['link.ts'],
      ['locale'],
      ['provider'],
      ['keys'],
      ['http'],
      ['store'],
      ['ids.ts'],
      ['errors.ts'],
    ],
    known: { from: 'handler.ts', to: 'install/callback.ts' },
    fewest: 150,
  },
]

describe.each(packages)('the layers of packages/$name', ({ name, layers, known, fewest }) => {
  const source = fileURLToPath(new URL(`../packages/${name}/src`, import.meta.url))
  const layerOfModule = new Map(layers.flatMap((modules, layer) => modules.map(module => [module, layer] as const)))

  /** The innermost module that a file belongs to: `store/sqlite` before `store`. */
  function moduleOf(path: string): string | undefined {
    const parts = path.split('/')
    const prefixes = parts.map((_, index) => parts.slice(0, index + 1).join('/'))
    return prefixes.findLast(prefix => layerOfModule.has(prefix))
  }

  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
    path => path.endsWith('.ts') && !path.endsWith('.test.ts'),
  )
  // Type imports count as well.
  const imports = files.flatMap(path =>
    [
      ...withoutDocstrings(readFileSync(join(source, path), 'utf8')).matchAll(
        /^(?:import|export)[^;]*? from '(\.[^']+)'/gm,
      ),
    ].map(([, target]) => ({ from: path, to: relative(source, join(source, dirname(path), target!)) })),
  )

  it('every file belongs to a module of a layer', () => {
    expect(files.filter(path => moduleOf(path) === undefined)).toEqual([])
  })

  it('the imports are found', () => {
    expect(imports.length).toBeGreaterThan(fewest)
    expect(imports).toContainEqual(known)
  })

  it('a module imports only from layers below it, types included', () => {
    const upwards = imports.filter(({ from, to }) => {
      const [above, below] = [moduleOf(from)!, moduleOf(to)!]
      return above !== below && layerOfModule.get(below)! <= layerOfModule.get(above)!
    })
    expect(upwards.map(({ from, to }) => `${from} → ${to}`)).toEqual([])
  })

  it('no files import each other in a circle, types included', () => {
    const graph = Map.groupBy(imports, ({ from }) => from)
    const circles: string[] = []
    const finished = new Set<string>()
    const walk = (path: string, trail: string[]) => {
      if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(' → '))
      if (finished.has(path) || trail.includes(path)) return
      for (const { to } of graph.get(path) ?? []) walk(to, [...trail, path])
      finished.add(path)
    }
    for (const path of files) walk(path, [])
    expect(circles).toEqual([])
  })

  it('no file has more than 250 lines', () => {
    const long = files.filter(path => readFileSync(join(source, path), 'utf8').split('\n').length > 250)
    expect(long).toEqual([])
  })

  it('SQL is written in store/ and transfer/ only', () => {
    const outside = files.filter(
      path =>
        !/^(store|transfer)\//.test(path) &&
        /\b(SELECT|INSERT INTO|DELETE FROM|UPDATE \w+ SET)\b|\.(insertInto|updateTable|deleteFrom)\(/.test(
          readFileSync(join(source, path), 'utf8'),
        ),
    )
    expect(outside).toEqual([])
  })
})

describe('query strings of requests', () => {
  it('query strings of requests are parsed by our own parser, which is linear and has a limit', () => {
    const source = fileURLToPath(new URL('../packages/server/src', import.meta.url))
    const users = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
      path =>
        path.endsWith('.ts') && /\breq\.quer(y|ies)\(|\.searchParams\b/.test(readFileSync(join(source, path), 'utf8')),
    )
    expect(users.filter(path => !path.endsWith('.test.ts') && !path.startsWith('store/postgres/'))).toEqual([])
  })
})

describe('the kit', () => {
  const source = fileURLToPath(new URL('../packages/connect/src', import.meta.url))
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
    path => path.endsWith('.ts') && !path.endsWith('.test.ts'),
  )
  const importsOf = (path: string) =>
    [...withoutDocstrings(readFileSync(join(source, path), 'utf8')).matchAll(/from '([^'.][^']*)'/g)].map(
      ([, target]) => target!,
    )

  it('imports the provider only for tests', () => {
    const users = files.filter(path => importsOf(path).includes('tenantry'))
    expect(users).toEqual(['testing/index.ts'])
  })

  it('imports modules of Node only in its command, its adapters for Node and its SQLite store', () => {
    const users = files.filter(path => importsOf(path).some(target => target.startsWith('node:')))
    expect(users.sort()).toEqual([
      'adapters/express.ts',
      'adapters/fastify.ts',
      'adapters/node.ts',
      'cli/main.ts',
      'store/sqlite.ts',
    ])
  })
})

/** Examples in docstrings import the package as its users do. */
function withoutDocstrings(text: string): string {
  return text.replace(/^ \*.*$/gm, '')
}
