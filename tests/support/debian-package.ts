import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/**
 * Whether a program of a Debian package is here. In CI it is installed where that is possible, and missed where it is not.
 * @param file that the package brings
 */
export function hasPackage(name: string, file: string): boolean {
  if (existsSync(file)) return true
  if (process.env.CI && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const apt = (...args: string[]) => spawnSync('apt-get', args, { env: environment, stdio: 'ignore' })
    apt('update', '-q')
    // Another test file may be installing something at this moment.
    apt('install', '-qy', '-o', 'DPkg::Lock::Timeout=300', '--no-install-recommends', name)
  }
  if (existsSync(file)) return true
  if (process.env.CI) throw new Error(`This test needs ${file}: install the package "${name}".`)
  return false
}
