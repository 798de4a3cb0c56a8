import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]

/** Where Chromium is, or undefined. `CHROMIUM_PATH` weighs most. */
export function findChromium(): string | undefined {
  const { CHROMIUM_PATH } = process.env
  return CHROMIUM_PATH ?? PLACES.find(place => existsSync(place))
}

/** Installs Debian's Chromium where there is none and that is possible; says what to do where it is not. */
export function ensureChromium(): string {
  const found = findChromium()
  if (found) return found
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    console.log('No Chromium is here: installing the package "chromium" for the browser tests…')
    run('apt-get', ['update', '-q'])
    run('apt-get', ['install', '-qy', '--no-install-recommends', 'chromium', 'fonts-noto-core', 'fonts-noto-cjk'])
  }
  const installed = findChromium()
  if (installed) return installed
  throw new Error(
    'The browser tests need Chromium. Install it (Debian and Ubuntu: `apt-get install chromium`; elsewhere Chrome will do), or name its program in CHROMIUM_PATH.',
  )
}

function run(command: string, args: string[]) {
  spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
}
