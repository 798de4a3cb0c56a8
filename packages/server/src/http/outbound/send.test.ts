import { execFileSync } from 'node:child_process'
import { pbkdf2 } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../../../../tests/support/sandbox-process.ts'
import { resolvePublic } from './public-address.ts'
import { send } from './send.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function listen(server: Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

const request = (url: string, signal = AbortSignal.timeout(5000)) => ({
  url,
  method: 'DELETE',
  headers: { 'Content-Type': 'application/json' },
  body: '{"a":1}',
  signal,
})

describe('a name server that is mute', () => {
  it('blocks no caller longer than asked, and takes no thread from password checks', async () => {
    const mute = createSocket('udp4')
    await new Promise<void>(resolve => mute.bind(0, '127.0.0.1', resolve))
    closing.push(() => mute.close())
    const servers = [`127.0.0.1:${mute.address().port}`]
    const stop = new AbortController()
    const lookUps = Array.from({ length: 200 }, (_, index) =>
      resolvePublic(`host-${index}.example.com`, stop.signal, servers).catch((error: Error) => error.message),
    )
    let isOver = false
    const all = Promise.all(lookUps).then(messages => {
      isOver = true
      return messages
    })
    await promisify(pbkdf2)('a', 'b', 1000, 32, 'sha256')
    expect(isOver).toBe(false)
    stop.abort(new Error('the server stops'))
    expect(new Set(await all)).toEqual(new Set(['the server stops']))
  })

  it('an outbound request says which name could not be looked up', async () => {
    const refusing = [`127.0.0.1:${(await freeUdpPort()).port}`]
    await expect(resolvePublic('app.example.com', AbortSignal.timeout(10_000), refusing)).rejects.toThrow(
      /^app\.example\.com cannot be looked up \(E[A-Z]+\)$/,
    )
  })
})

async function freeUdpPort() {
  const socket = createSocket('udp4')
  await new Promise<void>(resolve => socket.bind(0, '127.0.0.1', resolve))
  const { port } = socket.address()
  await new Promise<void>(resolve => socket.close(resolve))
  return { port }
}

describe('an address that is written as a number', () => {
  it.each(['127.0.0.1', '10.0.0.1', '::1', '169.254.169.254', 'localhost', 'printer', 'x.internal'])(
    '%s is refused without asking anybody',
    async host => {
      await expect(resolvePublic(host, AbortSignal.timeout(10), ['127.0.0.1:9'])).rejects.toThrow('no public address')
    },
  )
  it('a public IP address is called as written', async () => {
    expect(await resolvePublic('93.184.216.34', AbortSignal.timeout(10))).toEqual([
      { address: '93.184.216.34', family: 4 },
    ])
    expect(await resolvePublic('2606:2800:220:1::1', AbortSignal.timeout(10))).toEqual([
      { address: '2606:2800:220:1::1', family: 6 },
    ])
  })
})

describe('through a proxy', () => {
  const tunnels: { target: string | undefined; authorization: string | undefined }[] = []
  let proxy: string
  let status: number

  /** Leads every tunnel to one local server, wherever it was to go. */
  async function startProxy(port: number) {
    tunnels.length = 0
    status = 200
    const server = createServer()
    server.on('connect', (incoming, socket) => {
      tunnels.push({ target: incoming.url, authorization: incoming.headers['proxy-authorization'] })
      if (status !== 200) return void socket.end(`HTTP/1.1 ${status} No\r\n\r\n`)
      const upstream = connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
        upstream.pipe(socket).pipe(upstream)
      })
      upstream.on('error', () => socket.destroy())
      socket.on('error', () => upstream.destroy())
    })
    return `http://user:p%40ss@127.0.0.1:${await listen(server)}`
  }

  const heard: unknown[] = []
  beforeEach(async () => {
    heard.length = 0
    const app = createServer(async (incoming, outgoing) => {
      const chunks: Buffer[] = []
      for await (const chunk of incoming) chunks.push(chunk as Buffer)
      heard.push([incoming.method, incoming.url, incoming.headers.host, Buffer.concat(chunks).toString()])
      outgoing.writeHead(204, { 'Retry-After': '7' }).end()
    })
    proxy = await startProxy(await listen(app))
  })

  const resolve = async () => [{ address: '203.0.114.7', family: 4 }]

  it('a request through a proxy goes to the address that was looked up and checked here', async () => {
    const answer = await send(request('http://app.example.com/gone'), { localAllowed: false, proxy, resolve })
    expect(answer).toEqual({ status: 204, retryAfter: '7' })
    expect(heard).toEqual([['DELETE', '/gone', 'app.example.com', '{"a":1}']])
    const authorization = `Basic ${Buffer.from('user:p@ss').toString('base64')}`
    expect(tunnels).toEqual([{ target: '203.0.114.7:80', authorization }])
  })

  it('a request through a proxy refuses private addresses', async () => {
    for (const host of ['127.0.0.1', '[::1]', 'localhost', '10.0.0.1']) {
      const sent = send(request(`http://${host}/gone`), { localAllowed: false, proxy })
      await expect(sent).rejects.toThrow('no public address')
    }
    expect(tunnels).toEqual([])
  })

  it('a request through a proxy reports when the proxy refuses or is missing', async () => {
    status = 407
    const options = { localAllowed: false, resolve }
    await expect(send(request('http://app.example.com/'), { ...options, proxy })).rejects.toThrow(
      'the proxy answered 407',
    )
    const absent = 'http://127.0.0.1:9'
    await expect(send(request('http://app.example.com/'), { ...options, proxy: absent })).rejects.toThrow(
      /^the proxy: /,
    )
  })

  it('TLS is with the app, by its name, and the proxy sees nothing of it', async () => {
    const folder = temporaryFolder()
    closing.push(() => folder.remove())
    const [key, certificate] = ['key.pem', 'certificate.pem'].map(name => join(folder.path, name)) as [string, string]
    const subject = ['-subj', '/CN=app.example.com', '-addext', 'subjectAltName=DNS:app.example.com']
    const files = ['-keyout', key, '-out', certificate]
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject, ...files], {
      stdio: 'ignore',
    })
    const cert = readFileSync(certificate)
    const app = createTlsServer({ key: readFileSync(key), cert }, (incoming, outgoing) => {
      heard.push([incoming.method, incoming.headers.host])
      outgoing.writeHead(200).end()
    })
    const through = await startProxy(await listen(app as unknown as Server))
    const options = { localAllowed: false, proxy: through, resolve, tls: { ca: cert } }
    expect((await send(request('https://app.example.com/gone'), options)).status).toBe(200)
    expect(heard).toEqual([['DELETE', 'app.example.com']])
    expect(tunnels.map(({ target }) => target)).toEqual(['203.0.114.7:443'])
    await expect(send(request('https://other.example.com/gone'), options)).rejects.toThrow(/altnames|other\.example/)
  })
})
