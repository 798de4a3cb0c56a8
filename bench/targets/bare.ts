import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

// The limit: a bare node:http server that answers the bytes it was given on standard input, whatever is asked; over TLS with
// a certificate and a key as arguments.
const body = Buffer.from(await text(process.stdin))
const answer: RequestListener = (_request, response) => {
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length })
  response.end(body)
}
const [cert, key] = process.argv.slice(2)
const server =
  cert && key ? createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) }, answer) : createServer(answer)
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: (server.address() as AddressInfo).port })))
