import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { onCore } from '../machine.ts'

/** Runs one of the loads beside this file, on the core that loads have. @throws with what it said, when it failed */
export async function runLoad<Result>(file: string, settings: unknown): Promise<Result> {
  const path = fileURLToPath(new URL(file, import.meta.url))
  const [command = '', ...rest] = [...onCore('load'), process.execPath, path, JSON.stringify(settings)]
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] })
  let [output, errors] = ['', '']
  child.stdout.on('data', chunk => {
    output += chunk
  })
  child.stderr.on('data', chunk => {
    errors += chunk
  })
  const code = await new Promise<number | null>(resolve => child.once('close', resolve))
  if (code !== 0) throw new Error(`${file} ended with ${code}: ${errors}`)
  return JSON.parse(output) as Result
}
