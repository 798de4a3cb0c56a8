import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium, newContext } from './support/chromium.ts'
import { freePort } from './support/free-port.ts'
import { makeDatabase, postgresUrl } from './support/postgres.ts'
import { findPostgres } from './support/postgres-server.ts'
import { REPOSITORY, temporaryFolder } from './support/sandbox-process.ts'

const GUIDE = 'docs/beside-what-you-have.md'

// CI installs jq, and fails without it.
const hasTools =
  postgresUrl !== undefined && (process.env.CI !== undefined || spawnSync('jq', ['--version']).error === undefined)

describe.skipIf(!hasTools)('the guide to adoption, command by command as written', { timeout: 300_000 }, () => {
  const folder = temporaryFolder()
  let database: Awaited<ReturnType<typeof makeDatabase>>
  let shell: ChildProcess
  let ports: string[]
  let output = ''

  beforeAll(async () => {
    database = await makeDatabase()
    ports = [String(await freePort()), String(await freePort()), String(await freePort())]
    // In a shell of its own, which ends with all that it has started.
    shell = spawn('bash', ['-e'], {
      cwd: REPOSITORY,
      detached: true,
      env: {
        PATH: `${dirname(process.execPath)}:${findPostgres()}:${process.env.PATH}`,
        HOME: process.env.HOME,
        DATABASE_URL: database.url,
        PORT: '',
      },
    })
    for (const stream of [shell.stdout!, shell.stderr!]) stream.on('data', chunk => (output += chunk))
  })
  afterAll(async () => {
    if (shell?.pid !== undefined) process.kill(-shell.pid, 'SIGKILL')
    await database?.remove()
    folder.remove()
    rmSync(join(REPOSITORY, 'adopt'), { recursive: true, force: true })
  })

  /** The blocks of the guide. Only ports and the folder are others, so that nothing is in the way of other tests. */
  function blocks(): string[] {
    const text = readFileSync(join(REPOSITORY, GUIDE), 'utf8')
    return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, code]) =>
      code!
        .replaceAll('4040', ports[0]!)
        .replaceAll('4060', ports[1]!)
        .replaceAll('3030', ports[2]!)
        .replaceAll(/\badopt\b/g, folder.path),
    )
  }

  async function run(code: string): Promise<string> {
    const before = output.length
    const end = `end-${Math.random()}`
    shell.stdin!.write(`${code}\necho ${end}\n`)
    await expect.poll(() => (shell.exitCode === null ? output : `${output} ${end}`), { timeout: 60_000 }).toContain(end)
    if (shell.exitCode !== null) throw new Error(output)
    return output.slice(before)
  }

  const answers = (port: string) =>
    expect
      .poll(
        () =>
          fetch(`http://localhost:${port}/`, { redirect: 'manual' }).then(
            ({ status }) => status,
            () => 0,
          ),
        { timeout: 60_000 },
      )
      .not.toBe(0)

  it('from an empty folder to a platform with its own sign-in and an app that a person has connected', async () => {
    const [provider, platform, app, tables] = blocks()
    await run(provider!)
    await answers(ports[0]!)
    // The example's default is the port of the guide.
    await run(`export PORT=${ports[1]} TENANTRY_ORIGIN=http://localhost:${ports[0]}\n${platform!}`)
    await answers(ports[1]!)
    await run(`export PORT=${ports[2]}\n${app!}`)
    await answers(ports[2]!)

    const browser = await launchChromium()
    const page = await (await newContext(browser)).newPage()
    await page.goto(`http://localhost:${ports[2]}/`)
    await page.click('a[href*="/connect"], form[action*="/connect"] button')
    await page.waitForURL(url => url.port === ports[1])
    await page.fill('input[name=email]', 'ada@analytical.example')
    await page.fill('input[name=password]', 'engine-no-1')
    await page.click('button')
    await page.click('label:has-text("Analytical Engines")')
    await page.click('main form button[type=submit]')
    await page.click('button[value=allow]')
    await page.waitForURL(url => url.port === ports[2])
    expect(await page.textContent('body')).toContain('Analytical Engines')
    await browser.close()

    expect(await run(tables!)).toContain('Ada King')
  })
})
