import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lastingPort } from '../../tests/support/sandbox-process.ts'
import { startTarget, type Target } from './start.ts'

/** How a reverse proxy is started in front of a server, with a pool of connections that it keeps open. */
interface Proxy {
  name: string
  program: string
  args(configuration: string): string[]
  configuration(port: string, upstream: number, folder: string): string
}

const PROXIES: readonly Proxy[] = [
  {
    name: 'nginx',
    program: 'nginx',
    args: file => ['-c', file, '-e', 'stderr'],
    configuration: (port, upstream, folder) => `daemon off; worker_processes 1; pid ${folder}/nginx-${port}.pid;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path ${folder}/1; proxy_temp_path ${folder}/2; fastcgi_temp_path ${folder}/3; uwsgi_temp_path ${folder}/4; scgi_temp_path ${folder}/5;
  upstream tenantry { server 127.0.0.1:${upstream}; keepalive 64; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:${port}; keepalive_requests 1000000;
    location / {
      proxy_pass http://tenantry; proxy_http_version 1.1;
      proxy_set_header Connection ""; proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr;
    }
  }
}
`,
  },
  {
    name: 'HAProxy',
    program: 'haproxy',
    args: file => ['-f', file],
    configuration: (port, upstream) => `global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  http-reuse always
frontend all
  bind 127.0.0.1:${port}
  option forwardfor
  default_backend tenantry
backend tenantry
  server one 127.0.0.1:${upstream}
`,
  },
  {
    name: 'Caddy',
    program: 'caddy',
    args: file => ['run', '--config', file, '--adapter', 'caddyfile'],
    configuration: (port, upstream) => `{
  admin off
  auto_https off
}
http://:${port} {
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:${upstream}
}
`,
  },
]

/** The proxies that this machine has. */
export function listProxies(): { name: string; start(upstream: number, folder: string): Promise<Target> }[] {
  const installed = PROXIES.filter(({ program }) => !spawnSync(program, [program === 'caddy' ? 'version' : '-v']).error)
  return installed.map(({ name, program, args, configuration }) => ({
    name,
    async start(upstream, folder) {
      const port = await lastingPort()
      const file = join(folder, `${program}-${port}`)
      writeFileSync(file, configuration(port, upstream, folder))
      // Beside the load generator: the server has its core for itself.
      return startTarget(args(file), { program, port: Number(port), anyCore: true, environment: { GOMAXPROCS: '1' } })
    },
  }))
}
