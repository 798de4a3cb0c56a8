import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathOf, startTarget, type Target } from './start.ts'

/** A peer, with new grants at each start. */
export interface Peer {
  name: string
  /** Where it writes its access and refresh tokens. */
  accessTokens: string
  refreshTokens: string
  start(): Promise<Target>
}

const PEERS = pathOf('../peers')

export interface PeerOptions {
  folder: string
  grants: number
  /** On disk, as for refreshes; otherwise where the peer is fastest. */
  durable: boolean
}

/**
 * oidc-provider, better-auth's OAuth provider, and where Debian's packages are there django-oauth-toolkit under gunicorn and glewlwyd;
 * better-auth is installed when it is not there yet.
 */
export function listPeers({ folder, grants, durable }: PeerOptions): Peer[] {
  installPeers()
  let starts = 0
  const peer = (name: string, program: string, where: 'memory' | 'file'): Peer => {
    const accessTokens = join(folder, `${name}-access`)
    const refreshTokens = join(folder, `${name}-refresh`)
    return {
      name: `${name} ${versionOf(name)}, ${where === 'memory' ? 'in memory' : 'SQLite'}`,
      accessTokens,
      refreshTokens,
      start() {
        const database = where === 'file' ? join(folder, `${name}-${starts++}.db`) : undefined
        return startTarget([program, JSON.stringify({ grants, accessTokens, refreshTokens, database })])
      },
    }
  }
  return [
    peer('oidc-provider', pathOf('./oidc-provider.ts'), durable ? 'file' : 'memory'),
    peer('better-auth', join(PEERS, 'better-auth.js'), 'file'),
    ...djangoPeers({ folder, grants }),
    ...glewlwydPeers({ folder, grants }),
  ]
}

const PYTHON = '/usr/bin/python3'
const VERSIONS = `import importlib.metadata as m
print(m.version("django-oauth-toolkit"), m.version("gunicorn"))`

/** Where python3-django-oauth-toolkit and gunicorn are installed. It has no grants in memory. */
function djangoPeers({ folder, grants }: Pick<PeerOptions, 'folder' | 'grants'>): Peer[] {
  const { status, stdout } = spawnSync(PYTHON, ['-c', VERSIONS], { encoding: 'utf8' })
  if (status !== 0) return []
  const [toolkit, gunicorn] = stdout.trim().split(' ')
  const accessTokens = join(folder, 'django-access')
  const refreshTokens = join(folder, 'django-refresh')
  let starts = 0
  return [
    {
      name: `django-oauth-toolkit ${toolkit}, gunicorn ${gunicorn}, SQLite`,
      ...{ accessTokens, refreshTokens },
      start() {
        const database = join(folder, `django-${starts++}.db`)
        const told = JSON.stringify({ grants, accessTokens, refreshTokens, database })
        return startTarget([join(PEERS, 'django_peer.py'), told], { program: PYTHON })
      },
    },
  ]
}

/** Where Debian's glewlwyd is installed, a program in C. It has no grants in memory either, and a thousand tokens at most. */
function glewlwydPeers({ folder, grants }: Pick<PeerOptions, 'folder' | 'grants'>): Peer[] {
  const { status, stdout } = spawnSync('glewlwyd', ['--version'], { encoding: 'utf8' })
  if (status !== 0) return []
  const accessTokens = join(folder, 'glewlwyd-access')
  const refreshTokens = join(folder, 'glewlwyd-refresh')
  let starts = 0
  return [
    {
      name: `glewlwyd ${stdout.trim()}, SQLite`,
      ...{ accessTokens, refreshTokens },
      start() {
        const database = join(folder, `glewlwyd-${starts++}.db`)
        return startTarget([
          join(PEERS, 'glewlwyd.js'),
          JSON.stringify({ grants, accessTokens, refreshTokens, database }),
        ])
      },
    },
  ]
}

function installPeers() {
  const list = createHash('sha256')
    .update(readFileSync(join(PEERS, 'package.json')))
    .digest('hex')
  const mark = join(PEERS, 'node_modules/.installed')
  if (existsSync(mark) && readFileSync(mark, 'utf8') === list) return
  console.error('Installing better-auth beside the benchmarks …')
  const args = ['install', '--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel', 'error']
  const { status, stderr } = spawnSync('npm', args, { cwd: PEERS, encoding: 'utf8' })
  if (status !== 0) throw new Error(`npm install in bench/peers ended with ${status}: ${stderr}`)
  writeFileSync(mark, list)
}

function versionOf(name: string): string {
  const places = [join(PEERS, 'node_modules', name), pathOf(`../../node_modules/${name}`)]
  const place = places.find(folder => existsSync(folder))!
  return (JSON.parse(readFileSync(join(place, 'package.json'), 'utf8')) as { version: string }).version
}

/** The Bun that `npm run third-party` installs, or one in the path. */
export function findBun(): string | undefined {
  const brought = pathOf('../../tests/third-party/node_modules/.bin/bun')
  const candidates = [
    ...['', '-baseline'].map(kind => pathOf(`../../tests/third-party/node_modules/@oven/bun-linux-x64${kind}/bin/bun`)),
    brought,
    'bun',
  ]
  return candidates.find(program => spawnSync(program, ['--version']).status === 0)
}
