import { createApp } from './server.js'

const options = JSON.parse(Deno.env.get('OPTIONS'))
Deno.serve({ port: options.port, hostname: '127.0.0.1', onListen: () => console.log('ready') }, createApp(options))
