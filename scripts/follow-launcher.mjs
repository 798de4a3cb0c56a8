// Ends this process at once when the launcher that started it is gone, so that none is left behind.
process.on('disconnect', () => process.exit(1))
process.channel?.unref()
