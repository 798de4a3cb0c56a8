// Ends this process at once when the launcher that started it is gone, so that none is left behind. A command that is
// done keeps its exit code.
process.on('disconnect', () => process.exit(process.exitCode ?? 1))
process.channel?.unref()
