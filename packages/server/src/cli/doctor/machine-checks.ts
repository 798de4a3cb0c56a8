import { statfsSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { Configuration } from '../serve-configuration.ts'
import { type Finding, ok, problem, warning } from './finding.ts'

const MIB = 1024 * 1024
const LITTLE_DISK = 1024 * MIB
const NO_DISK = 100 * MIB
/** Rights of the group and of everyone. */
const OTHERS = 0o077

/** Rights of files with secrets, room on the disk, and processes for the cores. */
export function checkMachine(configuration: Configuration, environment: NodeJS.ProcessEnv): Finding[] {
  const files = ['TENANTRY_SECRETS_FILE', 'TENANTRY_DATABASE_URL_FILE'].flatMap(name => {
    const path = environment[name]
    return path ? [checkRights(name, path)] : []
  })
  const { data, workers } = configuration
  return [...files, ...(data === undefined ? [] : [checkRights('data', data), checkDisk(data)]), checkWorkers(workers)]
}

function checkRights(name: string, path: string): Finding {
  const { mode } = statSync(path)
  if (process.platform === 'win32' || (mode & OTHERS) === 0) return ok('files', `${path} is for its owner only.`)
  const rights = (mode & 0o777).toString(8)
  const advice = `Take the rights of others away: chmod go= ${path}`
  return warning(
    'files',
    `${path} (${name}) can be used by other users of this machine (its rights are ${rights}).`,
    advice,
  )
}

function checkDisk(folder: string): Finding {
  const { bavail, bsize } = statfsSync(folder)
  const free = bavail * bsize
  const message = `${Math.round(free / MIB)} MiB are free on the disk of ${folder}.`
  if (free >= LITTLE_DISK) return ok('disk', message)
  const advice = 'Make room, or move the folder to a larger disk: on a full disk every sign-in and refresh is refused.'
  return free < NO_DISK ? problem('disk', message, advice) : warning('disk', message, advice)
}

function checkWorkers(workers: number): Finding {
  const cores = availableParallelism()
  if (workers <= cores) return ok('workers', `${workers} of at most ${cores} processes, one for each core.`)
  return warning('workers', `There are ${workers} processes and ${cores} cores.`, `Set workers to at most ${cores}.`)
}
