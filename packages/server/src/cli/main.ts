import { runCommand } from './program.ts'

// Output piped to a program that has read enough, such as `head`, is no error.
process.stdout.on('error', error => process.exit((error as NodeJS.ErrnoException).code === 'EPIPE' ? 0 : 1))

process.exitCode = await runCommand(process.argv.slice(2))
