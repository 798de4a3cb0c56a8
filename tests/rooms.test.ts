import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

interface House {
  name: string
  /** The rooms from the top of the house to its ground; a room knows only those below it. */
  floors: string[][]
  /** One import that is there, and how many there are at least: what is read is read whole. */
  known: { from: string; to: string; typeOnly: boolean }
  fewest: number
}

const houses: House[] = [
  {
    name: 'server',
    floors: [
      ['index.ts'],
      // The command line makes servers, and the sandbox is served by one of its commands.
      ['cli'],
      ['sandbox', 'load'],
      ['server.ts'],
      ['listen.ts', 'jobs.ts'],
      ['short-way.ts'],
      ['routes.ts', 'answer-errors.ts'],
      ['users-me'],
      ['oauth'],
      ['sign-in'],
      ['apps'],
      ['companies'],
      ['tokens'],
      ['pages'],
      ['http'],
      ['outbound'],
      ['config'],
      ['store'],
    ],
    known: { from: 'routes.ts', to: 'users-me/users-me.ts', typeOnly: false },
    fewest: 200,
  },
  {
    name: 'connect',
    floors: [
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
    known: { from: 'handler.ts', to: 'install/callback.ts', typeOnly: false },
    fewest: 80,
  },
]

const roomOf = (path: string) => path.split('/')[0] ?? path

describe.each(houses)('the house of $name', ({ name, floors, known, fewest }) => {
  const source = fileURLToPath(new URL(`../packages/${name}/src`, import.meta.url))
  const floorOf = new Map(floors.flatMap((rooms, floor) => rooms.map(room => [room, floor] as const)))

  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
    path => path.endsWith('.ts') && !path.endsWith('.test.ts'),
  )

  const imports = files.flatMap(path =>
    [...readFileSync(join(source, path), 'utf8').matchAll(/^(?:import|export)( type)? [^;]*?from '(\.[^']+)'/gm)].map(
      ([, typeOnly, target]) => ({
        from: path,
        to: relative(source, join(source, dirname(path), target ?? '')),
        typeOnly: typeOnly !== undefined,
      }),
    ),
  )

  it('has only rooms that are on the plan', () => {
    expect([...new Set(files.map(roomOf))].filter(room => !floorOf.has(room))).toEqual([])
  })

  it('is seen whole: the imports are found', () => {
    expect(imports.length).toBeGreaterThan(fewest)
    expect(imports).toContainEqual(known)
  })

  it('a room knows only those below it', () => {
    const upwards = imports.filter(({ from, to }) => {
      const [above, below] = [floorOf.get(roomOf(from)), floorOf.get(roomOf(to))]
      return roomOf(from) !== roomOf(to) && (below === undefined || above === undefined || below <= above)
    })
    expect(upwards.map(({ from, to }) => `${from} → ${to}`)).toEqual([])
  })

  it('no imports go in a circle', () => {
    const graph = new Map<string, string[]>()
    for (const { from, to, typeOnly } of imports) if (!typeOnly) graph.set(from, [...(graph.get(from) ?? []), to])
    const circles: string[] = []
    const finished = new Set<string>()
    const walk = (path: string, trail: string[]) => {
      if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(' → '))
      if (finished.has(path) || trail.includes(path)) return
      for (const next of graph.get(path) ?? []) walk(next, [...trail, path])
      finished.add(path)
    }
    for (const path of files) walk(path, [])
    expect(circles).toEqual([])
  })

  it('no file is longer than one can hold in mind', () => {
    const long = files.filter(path => readFileSync(join(source, path), 'utf8').split('\n').length > 250)
    expect(long).toEqual([])
  })

  it('SQL is written in the store only', () => {
    const outside = files.filter(
      path =>
        roomOf(path) !== 'store' &&
        /\b(SELECT|INSERT INTO|DELETE FROM|UPDATE \w+ SET)\b|\.(insertInto|updateTable|deleteFrom)\(/.test(
          readFileSync(join(source, path), 'utf8'),
        ),
    )
    expect(outside).toEqual([])
  })
})

describe('queries of requests', () => {
  it('are read by our own parser, which is linear and has a limit', () => {
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
    [...readFileSync(join(source, path), 'utf8').matchAll(/from '([^'.][^']*)'/g)].map(([, target]) => target!)

  it('imports the provider in its testing aid only', () => {
    const users = files.filter(path => importsOf(path).includes('tenantry'))
    expect(users).toEqual(['testing/index.ts'])
  })

  it('imports Node’s own modules in its command, its adapters for Node and its SQLite store only', () => {
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
