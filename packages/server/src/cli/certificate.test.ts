import { execFileSync } from 'node:child_process'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCommand, startCommand, temporaryFolder } from '../../../../tests/support/sandbox-process.ts'

describe('tenantry serve with a certificate of its own', () => {
  let folder: ReturnType<typeof temporaryFolder>
  let cert: string
  let key: string
  const open: TLSSocket[] = []

  beforeEach(async () => {
    folder = temporaryFolder()
    cert = join(folder.path, 'certificate.pem')
    key = join(folder.path, 'key.pem')
    makeCertificate('one.example')
    await runCommand(['migrate', '--data', folder.path])
  })
  afterEach(() => {
    for (const socket of open.splice(0)) socket.destroy()
    folder.remove()
  })

  function makeCertificate(name: string) {
    const files = ['-keyout', key, '-out', cert]
    const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`]
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    execFileSync('openssl', ['req', '-x509', ...newKey, '-days', '2', ...subject, ...files], { stdio: 'ignore' })
  }

  const environment = (more: Record<string, string> = {}) => ({
    TENANTRY_ORIGIN: 'https://one.example',
    TENANTRY_SECRETS: 'a secret that is long enough for everybody',
    TENANTRY_DATA: folder.path,
    TENANTRY_PORT: '0',
    ...more,
  })

  async function start(args: string[] = []) {
    const child = startCommand(['serve', '--tls-cert', cert, '--tls-key', key, ...args], environment())
    const messages: string[] = []
    let port = 0
    createInterface({ input: child.stdout! }).on('line', line => {
      const { msg, port: given } = JSON.parse(line)
      messages.push(msg)
      port = given ?? port
    })
    const ended = new Promise<number | null>(resolve => child.once('close', resolve))
    await expect.poll(() => messages).toContain('ready')
    return { child, messages, port, ended }
  }

  async function dial(port: number, ca: string): Promise<TLSSocket> {
    const socket = connectTls({ port, host: '127.0.0.1', servername: servername(ca), ca: [ca] })
    open.push(socket)
    await new Promise((resolve, reject) => {
      socket.once('secureConnect', resolve)
      socket.once('error', reject)
      socket.once('close', () => reject(new Error('closed')))
    })
    return socket
  }
  const servername = (ca: string) => names.get(ca)!
  const names = new Map<string, string>()
  const certificateNow = (name: string) => {
    const text = readFileSync(cert, 'utf8')
    names.set(text, name)
    return text
  }

  async function ask(socket: TLSSocket, path: string): Promise<string> {
    const answered = new Promise<string>((resolve, reject) => {
      socket.once('data', data => resolve(String(data).split('\r\n')[0]!))
      socket.once('close', () => reject(new Error('closed')))
    })
    socket.write(`GET ${path} HTTP/1.1\r\nHost: one.example\r\n\r\n`)
    return answered
  }

  it('connections use TLS, on the fast path and off it, and what is no TLS is closed', async () => {
    const { child, port, ended } = await start()
    const socket = await dial(port, certificateNow('one.example'))
    expect(socket.getProtocol()).toBe('TLSv1.3')
    for (const [path, status] of [
      ['/users/me', '401 Unauthorized'],
      ['/healthz', '200 OK'],
      ['/users/me', '401 Unauthorized'],
    ] as const) {
      expect(await ask(socket, path)).toBe(`HTTP/1.1 ${status}`)
    }
    const plain = connect(port, '127.0.0.1')
    plain.on('error', () => {})
    plain.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
    await new Promise(resolve => plain.once('close', resolve))
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })

  it.each([
    ['one process', []],
    ['two workers', ['--workers', '2']],
  ])('SIGHUP takes a new certificate into use, and connections go on: %s', async (_what, args) => {
    const { child, port, ended } = await start(args)
    const before = certificateNow('one.example')
    const socket = await dial(port, before)
    makeCertificate('two.example')
    const after = certificateNow('two.example')
    child.kill('SIGHUP')
    await expect
      .poll(
        () =>
          dial(port, after).then(
            () => true,
            () => false,
          ),
        { timeout: 50_000 },
      )
      .toBe(true)
    if (args.length === 0) expect(await ask(socket, '/healthz')).toBe('HTTP/1.1 200 OK')
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })

  it('a certificate that cannot be used at SIGHUP leaves the one before in use', async () => {
    const { child, port, messages, ended } = await start()
    const before = certificateNow('one.example')
    writeFileSync(cert, 'nonsense')
    child.kill('SIGHUP')
    await expect.poll(() => messages).toContain('the certificate was not replaced; the one before stays in use')
    expect(await ask(await dial(port, before), '/healthz')).toBe('HTTP/1.1 200 OK')
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })

  it('a server whose certificate cannot be used says so and does not start', async () => {
    const serve = (args: string[]) => runCommand(['serve', ...args], { environment: environment() })
    const both = ['--tls-cert', cert, '--tls-key', key]
    expect((await serve(['--tls-cert', cert])).stderr).toContain('tlsCert, tlsKey: one is set without the other')
    const absent = await serve(['--tls-cert', join(folder.path, 'none.pem'), '--tls-key', key])
    expect([absent.code, absent.stderr]).toEqual([1, expect.stringContaining('tlsCert: ')])
    const other = join(folder.path, 'other.pem')
    copyFileSync(key, other)
    makeCertificate('two.example')
    const mismatch = await serve(['--tls-cert', cert, '--tls-key', other])
    expect([mismatch.code, mismatch.stderr]).toEqual([1, expect.stringContaining('cannot be used with the key in')])
    writeFileSync(cert, 'nonsense')
    expect((await serve([...both, '--workers', '2'])).stderr).toContain('cannot be used with the key in')
  })
})
