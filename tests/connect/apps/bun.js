import { createApp } from './server.js'

const options = JSON.parse(process.env.OPTIONS)
Bun.serve({ port: options.port, hostname: '127.0.0.1', fetch: createApp(options) })
console.log('ready')
