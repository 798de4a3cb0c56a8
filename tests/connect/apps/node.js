import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { createApp } from './server.js'

const options = JSON.parse(process.env.OPTIONS)
createServer(getRequestListener(createApp(options))).listen(options.port, '127.0.0.1', () => console.log('ready'))
