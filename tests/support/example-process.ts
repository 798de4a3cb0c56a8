import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { REPOSITORY, type SandboxFacts } from './sandbox-process.ts'

export interface ExampleFacts {
  origin: string
  provider: SandboxFacts
  install_url: string
}

export interface RunningExample {
  facts: ExampleFacts
  /** Where the sandbox beside it keeps its data. */
  sandboxData: string
  log(): string
  stop(): Promise<number | null>
}

/** Starts `npm run example -- --json` and waits until it is ready. */
export async function startExample(
  data: string,
  args: string[] = ['--port', '0', '--sandbox-port', '0'],
): Promise<RunningExample> {
  const script = join(REPOSITORY, 'examples/field-notes/beside-sandbox.ts')
  const child = spawn(process.execPath, [script, '--json', '--data', data, ...args], { cwd: REPOSITORY })
  let errors = ''
  child.stderr.on('data', chunk => {
    errors += chunk
  })
  const ended = once(child, 'close').then(([code]) => code as number | null)
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve)
    ended.then(code => reject(new Error(`the example ended with ${code}: ${errors}`)))
  })
  return {
    facts: JSON.parse(line),
    sandboxData: join(data, 'sandbox'),
    log: () => errors,
    stop() {
      child.kill()
      return ended
    },
  }
}
