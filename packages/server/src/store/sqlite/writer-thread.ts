import { parentPort, workerData } from 'node:worker_threads'
import type { Statement } from '../store.ts'
import { BatchWriter } from './batch.ts'
import { openConnection } from './connection.ts'

// The thread that commits, so that a slow disk holds up no reader.
const database = openConnection((workerData as { path: string }).path, 'write')
const writer = new BatchWriter(database)

parentPort?.on('message', (message: { writes: Statement[][] } | 'close') => {
  if (message === 'close') {
    database.close()
    parentPort?.close()
  } else {
    parentPort?.postMessage(writer.run(message.writes))
  }
})
