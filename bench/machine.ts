import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, cpus, totalmem } from 'node:os'

const require = createRequire(import.meta.url)

/** What the figures depend on besides the program. */
export function describeMachine(): string {
  const memory = Math.round(totalmem() / 2 ** 30)
  return `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${memory} GiB, ${process.platform}, Node ${process.versions.node}, SQLite ${process.versions.sqlite}, oidc-provider ${versionOf('oidc-provider')}, wrk ${wrkVersion()}`
}

function versionOf(name: string): string {
  return (require(`${name}/package.json`) as { version: string }).version
}

function wrkVersion(): string {
  return (
    /wrk (?:debian\/)?([\w.-]+)/.exec(spawnSync('wrk', ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1] ?? 'none'
  )
}

const canPin = spawnSync('taskset', ['--version']).status === 0 && availableParallelism() > 1

/** Servers run on the first core, what loads them on the second; where processes cannot be pinned, anywhere. */
export function onCore(core: 'server' | 'load'): string[] {
  return canPin ? ['taskset', '-c', core === 'server' ? '0' : '1'] : []
}

/** Seconds of processor time that a process and its children have had, in hundredths, from /proc. */
export function cpuSeconds(pid: number): number {
  const { stdout } = spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
  return [pid, ...stdout.split('\n').filter(Boolean).map(Number)].reduce((sum, each) => sum + ownSeconds(each), 0)
}

/** The same of a process alone; 0 where it has ended. */
export function ownSeconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return 0
  }
}
