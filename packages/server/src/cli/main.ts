import cluster from 'node:cluster'
import { enableCompileCache } from 'node:module'

// Compiled code is cached in the system's folder for temporary files, so that commands start faster.
enableCompileCache()

// Output piped to a program that has read enough, such as `head`, is no error.
process.stdout.on('error', error => process.exit((error as NodeJS.ErrnoException).code === 'EPIPE' ? 0 : 1))

const { runCommand } = await import('./program.ts')
process.exitCode = await runCommand(process.argv.slice(2))
// The channel to the parent process must not keep a worker alive that has ended or could not start.
if (cluster.isWorker && process.connected) process.disconnect?.()
