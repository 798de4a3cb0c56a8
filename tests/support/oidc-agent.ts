import { execFile, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { temporaryFolder } from './sandbox-process.ts'

const execute = promisify(execFile)

/** An agent of its own, with a home of its own. */
export function startOidcAgent() {
  const home = temporaryFolder()
  const password = join(home.path, 'password')
  writeFileSync(password, 'of the tests\n')
  const environment: NodeJS.ProcessEnv = { ...process.env, HOME: home.path }
  const { stdout } = spawnSync('oidc-agent', ['--no-autoload'], { env: environment, encoding: 'utf8' })
  for (const [, name, value] of stdout.matchAll(/^(OIDC\w+)=([^;]+);/gm)) environment[name!] = value
  return {
    /** Options of `oidc-gen` that ask nothing and open no browser. */
    generation: ['--no-url-call', '--confirm-default', '--prompt=none', `--pw-file=${password}`],
    /** All that a command of the agent prints. */
    async run(command: string, ...args: string[]): Promise<string> {
      const running = execute(command, args, { env: environment, timeout: 30_000 })
      running.child.stdin?.end()
      const { stdout, stderr } = await running
      return command === 'oidc-gen' ? stdout + stderr : stdout
    },
    /** Runs a command that waits, and does something once it has printed what it waits for. */
    async watch(wanted: RegExp, act: (found: string) => Promise<void>, command: string, ...args: string[]) {
      const running = execute(command, args, { env: environment, timeout: 60_000 })
      running.child.stdin?.end()
      let printed = ''
      let acted: Promise<void> | undefined
      const read = (chunk: unknown) => {
        printed += chunk
        const found = wanted.exec(printed)?.[0]
        if (found) acted ??= act(found)
      }
      running.child.stdout?.on('data', read)
      running.child.stderr?.on('data', read)
      await running
      await acted
    },
    stop() {
      process.kill(Number(environment.OIDCD_PID))
      home.remove()
    },
  }
}
