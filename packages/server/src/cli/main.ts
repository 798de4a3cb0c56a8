import cluster from 'node:cluster'
import { enableCompileCache } from 'node:module'

// What was compiled is kept between runs, in the system's folder for temporary files, so that commands start sooner.
enableCompileCache()

// Output piped to a program that has read enough, such as `head`, is no error.
process.stdout.on('error', error => process.exit((error as NodeJS.ErrnoException).code === 'EPIPE' ? 0 : 1))

const { runCommand } = await import('./program.ts')
process.exitCode = await runCommand(process.argv.slice(2))
// A worker that is done, or could not start, is not kept alive by its channel to the process that started it.
if (cluster.isWorker && process.connected) process.disconnect?.()
